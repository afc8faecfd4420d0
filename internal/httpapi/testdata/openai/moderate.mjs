// Asks for moderations with the client of OpenAI: the base URL is the first argument, the key the second, the third a list
// of requests as JSON. Prints the answers, or what the client throws.
import OpenAI from 'openai';
const [baseURL, apiKey, requests] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });
const answers = [];
for (const request of JSON.parse(requests)) {
  try {
    answers.push(await client.moderations.create(request));
  } catch (e) {
    answers.push({ thrown: e.constructor.name, status: e.status });
  }
}
console.log(JSON.stringify(answers));
