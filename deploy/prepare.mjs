// Runs once before the processes of docker-compose: makes keys and certificates in the volume /pki (or keeps those that are
// there) and hands the admin kubeconfig out to the mounted folder. Arguments go to `drydock certs`.
// Started as root, since the mounted folder belongs to whoever owns it on the host; what it writes is theirs and the processes'.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

const { PKI = '/pki', KUBECONFIG_FOLDER = '/kubeconfig', VOLUMES = '/volumes' } = process.env;
const processUser = 1000;

const certs = spawnSync(
  process.execPath,
  [new URL('drydock.js', import.meta.url).pathname, 'certs', '--dir', PKI, ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
if (certs.status !== 0) process.exit(certs.status ?? 1);

const root = process.getuid?.() === 0;
if (root) {
  for (const name of ['.', ...readdirSync(PKI)]) chownSync(join(PKI, name), processUser, processUser);
  // A volume begins as root's, and takes its owner from an image only while it is empty; so: a folder in each.
  for (const volume of existsSync(VOLUMES) ? readdirSync(VOLUMES) : []) {
    const folder = join(VOLUMES, volume, 'state');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chownSync(folder, processUser, processUser);
  }
}

// For kubectl, and for grpcurl and the like, which take files.
const { uid, gid } = statSync(KUBECONFIG_FOLDER);
for (const name of ['kubeconfig', 'ca.crt', 'admin.crt', 'admin.key']) {
  const file = join(KUBECONFIG_FOLDER, name);
  writeFileSync(file, readFileSync(join(PKI, name)), { mode: 0o600 });
  chmodSync(file, 0o600);
  if (root) chownSync(file, uid, gid);
}
process.stdout.write(`wrote ${join(KUBECONFIG_FOLDER, 'kubeconfig')}\n`);
