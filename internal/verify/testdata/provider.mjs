// A real OpenID provider on loopback that knows how far it verified people. It writes its issuer to standard output and ends
// when standard input does.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const key = { ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), alg: 'RS256', use: 'sig', kid: 'rsa' };
const people = {
  verified: { assurance: ['phone', 'card'], real_name: '某某甲', id_number: '11010519491231002X', phone_number: '13800138000' },
  network: { assurance: 'network' },
  stranger: {},
  other: { assurance: 'card', real_name: '李四', id_number: '440308199001010012' },
};

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{ client_id: 'colophon', client_secret: 'secret of colophon', redirect_uris: ['https://colophon.example/verified'] }],
    jwks: { keys: [key] },
    cookies: { keys: ['only for tests'] },
    claims: { openid: ['sub'], person: ['assurance', 'real_name', 'id_number', 'phone_number'] },
    scopes: ['openid', 'person'],
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.on('end', () => process.exit()).resume();
