#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

enableCompileCache();

const { runProcess } = await import('@drydock/process');
const { program } = await import('./options.ts');
const { wire } = await import('./wire.ts');
process.exit(await runProcess(program, wire));
