#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
// The command of the npm package. Any version of Node can read this much.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(`drydock: needs Node 22.13 or newer, this is ${process.versions.node}\n`);
  process.exit(1);
}
await import('../lib/drydock.js');
