// An identity provider that others keep, for the tests: oidc-provider, with clients
// that get tokens (RFC 9068) by their credentials, signed by a key made at its start.
//
//     node oidc.mjs FOLDER PORT     FOLDER holds node_modules

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, port] = process.argv.slice(2);
const find = createRequire(join(resolve(folder), 'x.js'));
const { default: Provider } = await import(pathToFileURL(find.resolve('oidc-provider')));

const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
const client = (name) => ({
  client_id: name,
  client_secret: `secret-of-${name}`,
  grant_types: ['client_credentials'],
  redirect_uris: [],
  response_types: [],
  token_endpoint_auth_method: 'client_secret_post',
  id_token_signed_response_alg: 'ES256',
  scope: 'catalog',
});

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [client('spark'), client('catalog')],
  clientAuthMethods: ['client_secret_post'],
  jwks: { keys: [{ ...key, kid: randomUUID(), use: 'sig', alg: 'ES256' }] },
  scopes: ['catalog'],
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    resourceIndicators: {
      enabled: true,
      defaultResource: () => 'urn:igloo',
      getResourceServerInfo: () => ({
        scope: 'catalog', audience: 'igloo', accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } },
      }),
    },
  },
});
provider.listen(Number(port), '127.0.0.1');
