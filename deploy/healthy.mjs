// The health check of a container: `node healthy.mjs 7443` asks https://127.0.0.1:7443/readyz; a second argument is
// another path. Exits with 0 if the answer is 200. Certificates are not checked: the question stays in the container.
// Figures (`/metrics`) are for those who show a certificate: they are asked for with the administrator's.
import { readFileSync } from 'node:fs';
import { get } from 'node:https';

const [port, path = '/readyz'] = process.argv.slice(2);
const folder = process.env.DRYDOCK_PKI_DIR;
const identity =
  path === '/metrics' && folder !== undefined
    ? { cert: readFileSync(`${folder}/admin.crt`), key: readFileSync(`${folder}/admin.key`) }
    : {};
const request = get(
  { host: '127.0.0.1', port, path, rejectUnauthorized: false, timeout: 3_000, agent: false, ...identity },
  (answer) => {
    answer.pipe(process.stdout);
    // Not ended at once: what goes to a pipe may still be on its way.
    process.exitCode = answer.statusCode === 200 ? 0 : 1;
  },
);
request.on('timeout', () => request.destroy(new Error('no answer')));
request.on('error', (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
