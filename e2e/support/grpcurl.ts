// Answers the grpcurl lines of the documentation where grpcurl itself is not installed: the same arguments, the same
// questions to the reflection service, the same JSON.
// Usage: grpcurl -plaintext|-cacert FILE -cert FILE -key FILE [-d JSON] ADDRESS list|SERVICE/METHOD
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createReflectionClient } from '@drydock/rpc/reflection-client';

const { values, positionals } = parseArgs({
  // Go's flags have one dash.
  args: process.argv.slice(2).map((arg) => (/^-[a-z]{2,}/.test(arg) ? `-${arg}` : arg)),
  options: {
    plaintext: { type: 'boolean' },
    cacert: { type: 'string' },
    cert: { type: 'string' },
    key: { type: 'string' },
    d: { type: 'string', default: '{}' },
  },
  allowPositionals: true,
});
const [address = '', symbol = ''] = positionals;
const pem = (file: string | undefined) => (file === undefined ? '' : readFileSync(file, 'utf8'));
const tls =
  values.plaintext === true
    ? undefined
    : { certificateAuthority: pem(values.cacert), certificate: pem(values.cert), key: pem(values.key) };
const client = createReflectionClient(address, 'v1', tls);
try {
  if (symbol === 'list') {
    for (const service of await client.listServices()) console.log(service);
  } else {
    const request = JSON.parse(values.d) as never;
    for await (const message of client.stream(symbol, request)) console.log(JSON.stringify(message, null, 2));
  }
} finally {
  client.close();
}
