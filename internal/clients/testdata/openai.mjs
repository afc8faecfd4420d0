// Goes through OpenAI's API with OpenAI's own client. The arguments are the base URL, the key, headers as JSON, and the names
// of scenes to play (none: all). Prints what the client handed out, or threw, by scene.
import OpenAI, { toFile } from 'openai';
const [baseURL, apiKey, headers, ...names] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, defaultHeaders: JSON.parse(headers), maxRetries: 0, timeout: 60_000 });
const text = 'colophon-sample-text', image = 'colophon-sample-image', sound = 'colophon-sample-sound', video = 'colophon-sample-video';
const said = [{ role: 'user', content: 'Hello there' }];
const weather = { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: { city: { type: 'string', enum: ['Hangzhou'] } }, required: ['city'] } } };
const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAEAAAAAwCAIAAAAuKetIAAAAQ0lEQVR42u3PQQkAAAgEsItiNKMazQp+hcEKLNXzWgQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQErhaLwADi1V4M/wAAAABJRU5ErkJggg==';

// kind is what a file begins as.
function kind(bytes) {
  const head = Buffer.from(bytes).subarray(0, 12).toString('latin1');
  for (const [name, sign] of Object.entries({ png: '\x89PNG', jpeg: '\xff\xd8\xff', webp: 'WEBP', wav: 'WAVE', mp4: 'ftyp', id3: 'ID3', flac: 'fLaC', ogg: 'OggS' })) if (head.includes(sign)) return name;
  return bytes.length > 1 && bytes[0] === 0xff && (bytes[1] & 0xe0) === 0xe0 ? 'mp3' : head;
}
// What the features that a server starts with find, and a word that makes the model say it.
const offer = '来我们平台，註 册 送*彩 金', hidden = Buffer.from('one two three ' + offer + ' four five').toString('base64url');
// played is a stream to its end.
async function played(stream, piece) {
  const all = { text: '' };
  try {
    for await (const e of stream) piece(e, all);
  } catch (e) {
    Object.assign(all, { thrown: e.constructor.name, code: e.code });
  }
  return all;
}
const delta = (c, all) => {
  all.text += (c.choices[0]?.delta?.content ?? '') + (c.choices[0]?.delta?.reasoning_content ?? '') + (c.choices[0]?.delta?.tool_calls?.[0]?.function?.arguments ?? '');
  all.finish = c.choices[0]?.finish_reason ?? all.finish;
};
const talk = (content, more) => client.chat.completions.create({ model: text, messages: [{ role: 'user', content }], ...more });
const base64 = (s) => Buffer.from(s, 'base64');
const bytes = async (response) => new Uint8Array(await response.arrayBuffer());
const picture = (type) => toFile(base64(pixel), 'a.png', { type });

const scenes = {
  async chat() {
    const a = await client.chat.completions.create({ model: text, messages: said });
    return { text: a.choices[0].message.content, finish: a.choices[0].finish_reason, used: a.usage.total_tokens, model: a.model, id: a.id, request: a._request_id };
  },
  async choices() {
    const a = await client.chat.completions.create({ model: text, messages: said, n: 3 });
    return { texts: a.choices.map((c) => c.message.content) };
  },
  async stream() {
    const s = await client.chat.completions.create({ model: text, messages: said, stream: true, stream_options: { include_usage: true } });
    let all = '', chunks = 0, finish, used;
    for await (const c of s) {
      chunks++;
      all += c.choices[0]?.delta?.content ?? '';
      finish = c.choices[0]?.finish_reason ?? finish;
      used = c.usage?.total_tokens ?? used;
    }
    return { text: all, chunks, finish, used };
  },
  async streamed() {
    const s = client.chat.completions.stream({ model: text, messages: said, n: 2 });
    const a = await s.finalChatCompletion();
    return { texts: a.choices.map((c) => c.message.content), finish: a.choices[0].finish_reason };
  },
  async tool() {
    const ask = [{ role: 'user', content: 'Use weather, please' }];
    const a = await client.chat.completions.create({ model: text, messages: ask, tools: [weather] });
    const call = a.choices[0].message.tool_calls[0];
    const b = await client.chat.completions.create({ model: text, messages: [...ask, a.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'rain' }], tools: [weather] });
    return { name: call.function.name, args: JSON.parse(call.function.arguments), finish: a.choices[0].finish_reason, text: b.choices[0].message.content };
  },
  async toolStream() {
    const s = client.chat.completions.stream({ model: text, messages: said, tools: [weather], tool_choice: 'required' });
    const a = await s.finalChatCompletion();
    return { name: a.choices[0].message.tool_calls[0].function.name, args: JSON.parse(a.choices[0].message.tool_calls[0].function.arguments), finish: a.choices[0].finish_reason };
  },
  async json() {
    const schema = { type: 'object', properties: { word: { type: 'string' }, count: { type: 'integer' } }, required: ['word', 'count'], additionalProperties: false };
    const a = await client.chat.completions.create({ model: text, messages: said, response_format: { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } } });
    return JSON.parse(a.choices[0].message.content);
  },
  async reasoning() {
    const a = await client.chat.completions.create({ model: text, messages: said, reasoning_effort: 'low' });
    return { thought: a.choices[0].message.reasoning_content, tokens: a.usage.completion_tokens_details.reasoning_tokens };
  },
  async look() {
    const a = await client.chat.completions.create({ model: text, messages: [{ role: 'user', content: [{ type: 'text', text: 'What is it?' }, { type: 'image_url', image_url: { url: 'data:image/png;base64,' + pixel } }] }] });
    return { text: a.choices[0].message.content };
  },
  async length() {
    const a = await client.chat.completions.create({ model: text, messages: said, max_completion_tokens: 2 });
    return { finish: a.choices[0].finish_reason };
  },
  async completion() {
    const a = await client.completions.create({ model: text, prompt: 'Hello there' });
    let all = '';
    for await (const c of await client.completions.create({ model: text, prompt: 'Hello there', stream: true })) all += c.choices[0]?.text ?? '';
    return { text: a.choices[0].text, streamed: all };
  },
  async response() {
    const a = await client.responses.create({ model: text, input: 'Hello there', reasoning: { effort: 'low', summary: 'auto' } });
    return { text: a.output_text, status: a.status, items: a.output.map((o) => o.type), thought: a.output[0].summary?.[0]?.text, used: a.usage.total_tokens };
  },
  async responseStream() {
    const s = client.responses.stream({ model: text, input: 'Hello there' });
    let all = '', last;
    for await (const e of s) {
      if (e.type === 'response.output_text.delta') all += e.delta;
      last = e.type;
    }
    const a = await s.finalResponse();
    return { text: all, last, final: a.output_text };
  },
  async responseTool() {
    const ask = [{ role: 'user', content: 'Use weather, please' }], tools = [{ type: 'function', ...weather.function, strict: false }];
    const s = client.responses.stream({ model: text, input: ask, tools });
    const a = await s.finalResponse();
    const call = a.output.find((o) => o.type === 'function_call');
    const b = await client.responses.create({ model: text, input: [...ask, { type: 'function_call', call_id: call.call_id, name: call.name, arguments: call.arguments }, { type: 'function_call_output', call_id: call.call_id, output: 'rain' }], tools });
    return { name: call.name, args: JSON.parse(call.arguments), text: b.output_text };
  },
  async images() {
    const a = await client.images.generate({ model: image, prompt: 'a red sun', n: 2, size: '256x256' });
    const b = await client.images.generate({ model: image, prompt: 'a red sun', size: '256x256', output_format: 'webp', response_format: 'url' });
    return { kinds: a.data.map((d) => kind(base64(d.b64_json))), url: kind(await bytes(await fetch(b.data[0].url))) };
  },
  async edit() {
    const a = await client.images.edit({ model: image, image: await picture('image/png'), prompt: 'a blue sea', size: '256x256' });
    const b = await client.images.edit({ model: image, image: [await picture('image/png')], prompt: 'a blue sea', size: '256x256', output_format: 'jpeg' });
    const c = await client.images.createVariation({ model: image, image: await picture('image/png'), size: '256x256', response_format: 'b64_json' });
    return { kinds: [a, b, c].map((r) => kind(base64(r.data[0].b64_json))) };
  },
  async speech() {
    const kinds = [];
    for (const format of ['mp3', 'opus', 'flac']) kinds.push(kind(await bytes(await client.audio.speech.create({ model: sound, voice: 'alloy', input: 'Hi', response_format: format }))));
    const wav = await bytes(await client.audio.speech.create({ model: sound, voice: 'alloy', input: 'Good morning', response_format: 'wav' }));
    const heard = await client.audio.transcriptions.create({ model: sound, file: await toFile(wav, 'a.wav', { type: 'audio/wav' }) });
    const more = await client.audio.transcriptions.create({ model: sound, file: await toFile(wav, 'a.wav'), response_format: 'verbose_json' });
    const other = await client.audio.translations.create({ model: sound, file: await toFile(wav, 'a.wav') });
    return { kinds, wav: kind(wav), heard: heard.text, segment: more.segments[0].text, other: other.text };
  },
  async video() {
    let v = await client.videos.create({ model: video, prompt: 'a walk', seconds: '4' });
    const first = v.status;
    for (let i = 0; i < 600 && v.status !== 'completed' && v.status !== 'failed'; i++) {
      await new Promise((go) => setTimeout(go, 50));
      v = await client.videos.retrieve(v.id);
    }
    return { first, last: v.status, kind: kind(await bytes(await client.videos.downloadContent(v.id))) };
  },
  async embedding() {
    const a = await client.embeddings.create({ model: 'colophon-sample-embedding', input: ['Hello', 'there'] });
    const b = await client.embeddings.create({ model: 'colophon-sample-embedding', input: 'Hello', encoding_format: 'float', dimensions: 16 });
    return { count: a.data.length, length: a.data[0].embedding.length, short: b.data[0].embedding.length, norm: Math.round(a.data[1].embedding.reduce((sum, v) => sum + v * v, 0) * 1000) / 1000 };
  },
  async models() {
    const all = [];
    for await (const m of client.models.list()) all.push(m.id);
    return { all: all.sort(), one: (await client.models.retrieve(text)).id };
  },
  async nobody() {
    return await client.chat.completions.create({ model: 'gpt-nothing', messages: said });
  },
  async empty() {
    return await client.chat.completions.create({ model: text, messages: [] });
  },
  async cut() {
    return played(await talk('one two three [sample?repeat=60&break=300]', { stream: true }), delta);
  },
  async gone() {
    const s = await client.chat.completions.create({ model: text, messages: [{ role: 'user', content: 'one two three [sample?slow=20ms&repeat=1000]' }], stream: true });
    let chunks = 0;
    for await (const _ of s) if (++chunks === 5) break;
    return { chunks, aborted: s.controller.signal.aborted };
  },
};
// What a server that screens refuses.
const refused = {
  input: () => talk(offer),
  answer: () => talk(`[sample?say64=${hidden}]`),
  choice: () => talk(`[sample?say64.1=${hidden}]`, { n: 2 }),
  thought: () => talk(`[sample?think64=${hidden}]`),
  call: () => talk(`[sample?call=f&args64=${Buffer.from(JSON.stringify({ a: offer })).toString('base64url')}]`),
  field: () => talk(`[sample?extra64=${hidden}]`),
  stream: async () => played(await talk(`[sample?say64=${hidden}]`, { stream: true }), delta),
  thoughtStream: async () => played(await talk(`[sample?think64=${hidden}]`, { stream: true }), delta),
  callStream: async () => played(await talk(`[sample?call=f&args64=${Buffer.from(JSON.stringify({ a: 'b '.repeat(40) + offer })).toString('base64url')}]`, { stream: true }), delta),
  frame: async () => played(await talk(`one two three [sample?frame=6&message64=${hidden}]`, { stream: true }), delta),
  response: () => client.responses.create({ model: text, input: `[sample?say64=${hidden}]` }),
  responseStream: async () =>
    played(await client.responses.create({ model: text, input: `[sample?say64=${hidden}]`, stream: true }), (e, all) => {
      all.text += e.type.endsWith('.delta') || e.type.endsWith('.done') ? e.delta ?? e.text ?? '' : '';
      all.last = e.type;
    }),
  picture: () => client.images.generate({ model: image, prompt: offer }),
  vector: () => client.embeddings.create({ model: 'colophon-sample-embedding', input: offer }),
  fault: () => talk(`[sample?error=500&message64=${hidden}]`), // the last one: a model that failed is left alone for a moment
};
if (names[0] === 'refused') names.shift();
else for (const name of Object.keys(refused)) delete refused[name];

const results = {};
for (const [name, play] of Object.entries(Object.keys(refused).length > 0 ? refused : scenes)) {
  if (names.length > 0 && !names.includes(name)) continue;
  try {
    results[name] = await play();
  } catch (e) {
    results[name] = { thrown: e.constructor.name, status: e.status, code: e.code, type: e.type, message: e.message, stack: e.status ? undefined : e.stack };
  }
}
console.log(JSON.stringify(results, null, 1));
