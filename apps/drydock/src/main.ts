#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

enableCompileCache();

const { parseArguments } = await import('./options.ts');
const invocation = parseArguments(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
});
if (invocation.kind === 'exit') process.exit(invocation.code);
if (invocation.kind === 'certs') {
  const { writeClusterPki } = await import('@drydock/process');
  const written = await writeClusterPki(invocation.options, Date.now());
  process.stdout.write(`${written.kubeconfig}\n`);
  process.exit(0);
}
if (invocation.kind === 'explain') {
  const { explain } = await import('./explain.ts');
  process.exit(
    await explain(invocation.options, {
      out: (text) => process.stdout.write(text),
      err: (text) => process.stderr.write(text),
    }),
  );
}
if (invocation.kind === 'snapshot') {
  const { snapshot } = await import('./snapshot.ts');
  process.exit(
    await snapshot(invocation.options, {
      out: (text) => process.stdout.write(text),
      err: (text) => process.stderr.write(text),
    }),
  );
}

const { up } = await import('./up.ts');
process.exit(await up(invocation.options, process));
