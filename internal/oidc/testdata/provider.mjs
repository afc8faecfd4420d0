// A real OpenID provider on loopback. It writes its issuer to standard output and ends when standard input does.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const key = (type, options, alg) => ({ ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), alg, use: 'sig', kid: alg });
const client = (id, extra) => ({ client_id: id, client_secret: 'secret of ' + id, redirect_uris: ['https://colophon.example/oidc'], ...extra });

const server = createServer();
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      client('colophon'),
      client('colophon-es', { id_token_signed_response_alg: 'ES256' }),
      client('colophon-public', { client_secret: undefined, token_endpoint_auth_method: 'none' }),
    ],
    jwks: { keys: [key('rsa', { modulusLength: 2048 }, 'RS256'), key('ec', { namedCurve: 'P-256' }, 'ES256')] },
    cookies: { keys: ['only for tests'] },
    claims: { openid: ['sub'], staff: ['groups', 'department'] },
    scopes: ['openid', 'staff'],
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, groups: ['reviewers', 'everybody'], department: 'trust' }) }),
  });
  server.on('request', provider.callback());
  console.log(issuer);
});
process.stdin.on('end', () => process.exit()).resume();
