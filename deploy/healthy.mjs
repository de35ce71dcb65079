// The health check of a container: `node healthy.mjs 7443` asks https://127.0.0.1:7443/readyz; a second argument is
// another path. Exits with 0 if the answer is 200. Certificates are not checked: the question stays in the container.
import { get } from 'node:https';

const [port, path = '/readyz'] = process.argv.slice(2);
const request = get(
  { host: '127.0.0.1', port, path, rejectUnauthorized: false, timeout: 3_000 },
  (answer) => {
    answer.pipe(process.stderr);
    answer.on('end', () => process.exit(answer.statusCode === 200 ? 0 : 1));
  },
);
request.on('timeout', () => request.destroy(new Error('no answer')));
request.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
