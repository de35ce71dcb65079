// Answers the grpcurl lines of the documentation where grpcurl itself is not installed: the same arguments, the same
// questions to the reflection service, the same JSON. Usage: grpcurl -plaintext [-d JSON] ADDRESS list|SERVICE/METHOD
import { parseArgs } from 'node:util';
import { createReflectionClient } from '@drydock/rpc/reflection-client';

const { values, positionals } = parseArgs({
  // Go's flags have one dash.
  args: process.argv.slice(2).map((arg) => (/^-[a-z]{2,}/.test(arg) ? `-${arg}` : arg)),
  options: { plaintext: { type: 'boolean' }, d: { type: 'string', default: '{}' } },
  allowPositionals: true,
});
const [address = '', symbol = ''] = positionals;
const client = createReflectionClient(address, 'v1');
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
