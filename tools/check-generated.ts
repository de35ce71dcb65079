// Exits 1 when committed generated code is not what its generator would write.
import { spawnSync } from 'node:child_process';

const checks = [
  ['tools/api-gen/main.ts', '--check'],
  ['tools/rpc-gen.mjs', '--check'],
  ['tools/compatibility.ts', '--check'],
];
let failed = false;
for (const args of checks) {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write(`generated code is out of date: node ${args[0] ?? ''}\n`);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;
