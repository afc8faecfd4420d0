// Goes through Anthropic's API with Anthropic's own client. The arguments are the base URL without /v1, the key, headers as
// JSON, and the names of scenes to play (none: all). Prints what the client handed out, or threw, by scene.
import Anthropic from '@anthropic-ai/sdk';
const [baseURL, apiKey, headers, ...names] = process.argv.slice(2);
const client = new Anthropic({ baseURL, apiKey, defaultHeaders: JSON.parse(headers), maxRetries: 0, timeout: 60_000 });
const model = 'colophon-sample-text', max_tokens = 500;
const said = [{ role: 'user', content: 'Hello there' }];
const weather = { name: 'weather', input_schema: { type: 'object', properties: { city: { type: 'string', enum: ['Hangzhou'] } }, required: ['city'] } };
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAEAAAAAwCAIAAAAuKetIAAAAQ0lEQVR42u3PQQkAAAgEsItiNKMazQp+hcEKLNXzWgQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQErhaLwADi1V4M/wAAAABJRU5ErkJggg==';
const text = (m) => m.content.filter((b) => b.type === 'text').map((b) => b.text).join('');

const scenes = {
  async message() {
    const m = await client.messages.create({ model, max_tokens, system: 'Be short.', messages: said });
    return { text: text(m), finish: m.stop_reason, used: m.usage.output_tokens, model: m.model, request: m._request_id };
  },
  async stream() {
    const s = client.messages.stream({ model, max_tokens, messages: said });
    let all = '', events = [];
    s.on('text', (t) => { all += t; });
    s.on('streamEvent', (e) => { if (!events.includes(e.type)) events.push(e.type); });
    const m = await s.finalMessage();
    return { text: all, final: text(m), finish: m.stop_reason, used: m.usage.output_tokens, events };
  },
  async raw() {
    let all = '', last;
    for await (const e of await client.messages.create({ model, max_tokens, messages: said, stream: true })) {
      if (e.type === 'content_block_delta' && e.delta.type === 'text_delta') all += e.delta.text;
      last = e.type;
    }
    return { text: all, last };
  },
  async thinking() {
    const ask = { model, max_tokens: 3000, messages: [{ role: 'user', content: '[sample?think=I+look+at+what+was+said]' }], thinking: { type: 'enabled', budget_tokens: 2000 } };
    const m = await client.messages.create(ask), n = await client.messages.stream(ask).finalMessage();
    return { types: m.content.map((b) => b.type), thought: m.content[0].thinking, streamed: n.content[0].thinking };
  },
  async tool() {
    const messages = [{ role: 'user', content: 'Use weather, please' }];
    const m = await client.messages.create({ model, max_tokens, messages, tools: [weather] });
    const call = m.content.find((b) => b.type === 'tool_use');
    const n = await client.messages.create({ model, max_tokens, tools: [weather], messages: [...messages, { role: 'assistant', content: m.content }, { role: 'user', content: [{ type: 'tool_result', tool_use_id: call.id, content: 'rain' }] }] });
    return { name: call.name, args: call.input, finish: m.stop_reason, text: text(n) };
  },
  async toolStream() {
    const m = await client.messages.stream({ model, max_tokens, messages: said, tools: [weather], tool_choice: { type: 'any' } }).finalMessage();
    const call = m.content.find((b) => b.type === 'tool_use');
    return { name: call.name, args: call.input, finish: m.stop_reason };
  },
  async look() {
    const m = await client.messages.create({ model, max_tokens, messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: pixel } }, { type: 'text', text: 'What is it?' }] }] });
    return { text: text(m) };
  },
  async length() {
    const m = await client.messages.create({ model, max_tokens: 2, messages: said });
    return { finish: m.stop_reason };
  },
  async count() {
    return { tokens: (await client.messages.countTokens({ model, messages: said })).input_tokens };
  },
  async models() {
    const all = [];
    for await (const m of client.models.list()) all.push(m.id);
    return { all, one: (await client.models.retrieve(model)).id };
  },
  async nobody() {
    return await client.messages.create({ model: 'claude-nothing', max_tokens, messages: said });
  },
  async empty() {
    return await client.messages.create({ model, max_tokens, messages: [] });
  },
  async cut() {
    const s = client.messages.stream({ model, max_tokens: 5000, messages: [{ role: 'user', content: 'one two three [sample?repeat=60&break=300]' }] });
    let all = '';
    s.on('text', (t) => { all += t; });
    try {
      await s.finalMessage();
    } catch (e) {
      return { text: all, thrown: e.constructor.name };
    }
    return { text: all };
  },
};
// What a server that screens refuses.
const offer = '来我们平台，註 册 送*彩 金', hidden = Buffer.from('one two three ' + offer + ' four five').toString('base64url');
const talk = (content) => ({ model, max_tokens, messages: [{ role: 'user', content }] });
const refused = {
  input: () => client.messages.create(talk(offer)),
  answer: () => client.messages.create(talk(`[sample?say64=${hidden}]`)),
  async stream() {
    const all = { text: '' };
    try {
      for await (const e of await client.messages.create({ ...talk(`[sample?say64=${hidden}]`), stream: true })) {
        all.text += e.delta?.text ?? '';
        all.finish = e.delta?.stop_reason ?? all.finish;
        all.last = e.type;
      }
    } catch (e) {
      Object.assign(all, { thrown: e.constructor.name, message: e.message });
    }
    return all;
  },
};
if (names[0] === 'refused') names.shift();
else for (const name of Object.keys(refused)) delete refused[name];

const results = {};
for (const [name, play] of Object.entries(Object.keys(refused).length > 0 ? refused : scenes)) {
  if (names.length > 0 && !names.includes(name)) continue;
  try {
    results[name] = await play();
  } catch (e) {
    results[name] = { thrown: e.constructor.name, status: e.status, type: e.error?.error?.type, message: e.message, stack: e.status ? undefined : e.stack };
  }
}
console.log(JSON.stringify(results, null, 1));
