// Reads files back with readers that are not ours, one JSON request a line, one JSON answer a line:
// {"reader": "rust" | "ts", "path": "…", "mime": "…", "anchors": "PEM or empty"}
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import fs from 'node:fs';

const require = createRequire(import.meta.url);
const rust = require('./node_modules/@contentauth/c2pa-node/dist/index.node');
const { BMFF, JPEG, PNG, MP3 } = await import('@trustnxt/c2pa-ts/asset');
const { SuperBox } = await import('@trustnxt/c2pa-ts/jumbf');
const { ManifestStore } = await import('@trustnxt/c2pa-ts/manifest');

// The extended key usages that the specification allows to sign claims, and those of authorities.
const usages = ['1.3.6.1.5.5.7.3.4', '1.3.6.1.5.5.7.3.36', '1.3.6.1.5.5.7.3.8', '1.3.6.1.5.5.7.3.9', '1.3.6.1.4.1.311.76.59.1.9', '1.3.6.1.4.1.62558.2.1'].join('\n');

async function readRust({ path, mime, anchors }) {
  const settings = { verify: { verify_trust: true, ocsp_fetch: false, remote_manifest_fetch: false } };
  if (anchors) settings.trust = { trust_anchors: anchors, trust_config: usages };
  const reader = await rust.readerFromAsset({ path, mimeType: mime }, JSON.stringify(settings));
  if (!reader) return { state: 'none' };
  const json = JSON.parse(rust.readerJson.call(reader));
  const results = json.validation_results ?? {};
  const lists = [results.activeManifest, ...(results.ingredientDeltas ?? []).map((d) => d.validationDeltas)];
  const failures = lists.flatMap((l) => l?.failure ?? []).map((s) => s.code);
  const active = json.manifests?.[json.active_manifest];
  return {
    state: json.validation_state, failures: failures.sort(), notes: lists.flatMap((l) => l?.failure ?? []).map((s) => s.explanation),
    label: json.active_manifest, success: (results.activeManifest?.success ?? []).map((s) => s.code).sort(),
    informational: (results.activeManifest?.informational ?? []).map((s) => s.code + ' ' + s.explanation),
    assertions: (active?.assertions ?? []).map((a) => a.label), ingredients: (active?.ingredients ?? []).length,
    time: active?.signature_info?.time ?? '',
  };
}

async function readTS({ path }) {
  const bytes = fs.readFileSync(path);
  const kind = [JPEG, PNG, BMFF, MP3].find((k) => k?.canRead(bytes));
  if (!kind) return { state: 'unsupported' };
  const asset = new kind(bytes);
  const jumbf = asset.getManifestJUMBF();
  if (!jumbf) return { state: 'none' };
  const store = ManifestStore.read(SuperBox.fromBuffer(jumbf));
  const result = await store.validate(asset);
  const failures = result.statusEntries.filter((s) => !s.success).map((s) => s.code);
  return { state: result.isValid ? 'Valid' : 'Invalid', failures: failures.sort(), notes: result.statusEntries.filter((s) => !s.success).map((s) => s.explanation ?? '') };
}

async function signRust({ path, mime, out, cert, key, settings }) {
  const signer = rust.localSignerNew(Buffer.from(cert), Buffer.from(key), 'es256', undefined);
  const builder = rust.builderWithJson(JSON.stringify({
    claim_generator_info: [{ name: 'peer', version: '1' }],
    assertions: [{ label: 'c2pa.actions.v2', data: { actions: [{ action: 'c2pa.created', digitalSourceType: 'http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia' }] } }],
  }), settings || undefined);
  const begin = process.hrtime.bigint();
  rust.builderSign.call(builder, signer, { path, mimeType: mime }, { path: out });
  return { state: 'signed', nanoseconds: Number(process.hrtime.bigint() - begin) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = await { rust: readRust, ts: readTS, sign: signRust }[request.reader](request);
  } catch (e) {
    answer = { state: 'error', notes: [String(e?.message ?? e)] };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
