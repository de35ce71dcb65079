import { BrokenPipeError, createBytePipe, sourceOf, type ByteSink } from '@drydock/base/streams';
import { absolutePath, FileError } from '../files/index.ts';
import { builtins } from './builtins.ts';
import { Flow } from './flow.ts';
import { expandPattern, expandText, expandWords, type ExpansionContext } from './expand.ts';
import { createInput, type Input } from './input.ts';
import { parseScript } from './parser.ts';
import { matchesPattern } from './pattern.ts';
import { Interrupted, ProgramError, type Process } from './process.ts';
import { fileSink, fileSource, unowned } from './sinks.ts';
import { defaultPath, findExecutable, NotExecutableError, runProgram, say } from './spawn.ts';
import { ShellSyntaxError, type Node, type Redirect, type Script } from './syntax.ts';
import { Traps } from './traps.ts';

export interface Streams {
  readonly stdin: Input;
  readonly stdout: ByteSink;
  readonly stderr: ByteSink;
}

interface Variable {
  value: string;
  exported: boolean;
  readOnly: boolean;
}

/** After so many commands the shell lets others run: an endless loop must not hold the process. */
const yieldEvery = 100;
const maxCallDepth = 100;
const maxOutputBytes = 16 * 1024 * 1024;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The state of one shell and what it does with a parsed script. Subshells are copies. */
export class Shell {
  readonly process: Process;
  readonly variables = new Map<string, Variable>();
  readonly functions = new Map<string, Node>();
  /** Variables to put back when the function that declared them local returns. */
  readonly locals: Map<string, Variable | undefined>[] = [];
  readonly traps: Traps;
  readonly jobs = new Map<number, Promise<number>>();
  readonly options = new Set<string>();
  name: string;
  positional: readonly string[];
  cwd: string;
  status = 0;
  lastJob = 0;
  signal: AbortSignal;
  readonly #startedAtMs: number;
  #depth = 0;
  #commands = 0;
  /** Conditions are tested without `set -e`. */
  #tested = 0;

  constructor(process: Process, name: string, positional: readonly string[], isFork = false) {
    this.process = process;
    this.traps = new Traps(isFork ? undefined : process.handlers);
    this.name = name;
    this.positional = positional;
    this.cwd = process.cwd;
    this.signal = process.signal;
    this.#startedAtMs = process.host.clock.now();
    for (const [key, value] of process.env)
      this.variables.set(key, { value, exported: true, readOnly: false });
    this.set('PWD', process.cwd);
    if (!this.variables.has('PS1')) this.set('PS1', process.env.get('PS1') ?? '\\w \\$ ');
  }

  get(name: string): string | undefined {
    return this.variables.get(name)?.value ?? this.#madeUp(name);
  }

  /** Variables that are worked out when they are read, unless they were set. */
  #madeUp(name: string): string | undefined {
    const { clock, random } = this.process.host;
    if (name === 'RANDOM') return String(random.int(32_768));
    if (name === 'SECONDS') return String(Math.floor((clock.now() - this.#startedAtMs) / 1_000));
    return undefined;
  }

  set(name: string, value: string): void {
    const present = this.variables.get(name);
    if (present?.readOnly === true) throw new ProgramError(`${name}: is read only`, 2);
    if (present === undefined)
      this.variables.set(name, { value, exported: this.options.has('a'), readOnly: false });
    else present.value = value;
  }

  unset(name: string): void {
    if (this.variables.get(name)?.readOnly === true) throw new ProgramError(`${name}: is read only`, 2);
    this.variables.delete(name);
  }

  exported(): Map<string, string> {
    const env = new Map<string, string>();
    for (const [name, { value, exported }] of this.variables) if (exported) env.set(name, value);
    return env;
  }

  fork(signal: AbortSignal = this.signal): Shell {
    const copy = new Shell(this.process, this.name, this.positional, true);
    copy.variables.clear();
    for (const [name, variable] of this.variables) copy.variables.set(name, { ...variable });
    for (const [name, body] of this.functions) copy.functions.set(name, body);
    for (const option of this.options) copy.options.add(option);
    copy.cwd = this.cwd;
    copy.status = this.status;
    copy.signal = signal;
    copy.#depth = this.#depth;
    copy.#tested = this.#tested;
    copy.lastJob = this.lastJob;
    return copy;
  }

  expansion(streams: Streams): ExpansionContext {
    return {
      fs: this.process.host.fs,
      get: (name) => this.get(name),
      set: (name, value) => this.set(name, value),
      cwd: () => this.cwd,
      positional: () => this.positional,
      strict: () => this.options.has('u'),
      glob: () => !this.options.has('f'),
      special: (name) => {
        if (name === '?') return String(this.status);
        if (name === '$') return String(this.process.pid);
        if (name === '!') return this.lastJob === 0 ? '' : String(this.lastJob);
        if (name === '-') return [...this.options].join('');
        return this.name;
      },
      output: (script) => this.#output(script, streams),
    };
  }

  async #output(script: Script, streams: Streams): Promise<string> {
    const pipe = createBytePipe();
    const shell = this.fork();
    const run = shell.runIsolated(script, { ...streams, stdout: pipe }).finally(() => pipe.end());
    let text = '';
    const decode = new TextDecoder();
    let length = 0;
    for (;;) {
      const bytes = await pipe.read();
      if (bytes === undefined) break;
      length += bytes.length;
      if (length > maxOutputBytes) {
        pipe.cancel();
        break;
      }
      text += decode.decode(bytes, { stream: true });
    }
    this.status = await run;
    return (text + decode.decode()).replaceAll('\0', '').replace(/\n+$/, '');
  }

  /** Runs a script in this (copied) shell; what leaves it is its exit code. */
  async runIsolated(script: Script, streams: Streams): Promise<number> {
    try {
      return await this.run(script, streams);
    } catch (error) {
      return this.caught(error, streams);
    }
  }

  /** The exit code for what was thrown out of a script; tells of errors. */
  async caught(error: unknown, streams: Streams): Promise<number> {
    if (error instanceof Flow) return error.kind === 'exit' || error.kind === 'return' ? error.value : 0;
    if (error instanceof BrokenPipeError) return 141;
    if (error instanceof Interrupted || this.signal.aborted) throw error;
    if (error instanceof ProgramError || error instanceof ShellSyntaxError || error instanceof FileError) {
      await say(streams.stderr, `${this.name}: ${error.message}\n`).catch(() => undefined);
      return error instanceof ProgramError ? error.exitCode : 2;
    }
    throw error;
  }

  async run(script: Script, streams: Streams): Promise<number> {
    for (const { node, background } of script) {
      if (background) this.#background(node, streams);
      else {
        this.status = await this.execute(node, streams);
        await this.#answerSignals(streams);
        if (this.status !== 0 && this.options.has('e') && this.#tested === 0 && !neverFails(node))
          throw new Flow('exit', this.status);
      }
    }
    return this.status;
  }

  /** Does what `trap` says of signals that came meanwhile. */
  async #answerSignals(streams: Streams): Promise<void> {
    const { status } = this;
    for (let action = this.traps.takeCaught(); action !== undefined; action = this.traps.takeCaught()) {
      await this.run(parseScript(action), streams);
      this.status = status;
    }
  }

  async #test(script: Script, streams: Streams): Promise<boolean> {
    this.#tested++;
    try {
      return (await this.run(script, streams)) === 0;
    } finally {
      this.#tested--;
    }
  }

  #background(node: Node, streams: Streams): void {
    const { host } = this.process;
    const pid = host.nextPid();
    const stop = new AbortController();
    const shell = this.fork(stop.signal);
    const relay = () => stop.abort(this.process.signal.reason);
    this.process.signal.addEventListener('abort', relay, { once: true });
    host.processes.set(pid, {
      pid,
      parent: this.process.pid,
      command: this.name,
      startedAtMs: host.clock.now(),
      kill: () => stop.abort(new Interrupted()),
    });
    const quiet = { ...streams, stdin: createInput(sourceOf()) };
    const job = shell
      .runIsolated([{ node, background: false }], quiet)
      .catch(() => 143)
      .finally(() => {
        host.processes.delete(pid);
        this.process.signal.removeEventListener('abort', relay);
      });
    this.jobs.set(pid, job);
    this.lastJob = pid;
    this.status = 0;
  }

  async execute(node: Node, streams: Streams): Promise<number> {
    if (this.signal.aborted)
      throw this.signal.reason instanceof Interrupted ? this.signal.reason : new Interrupted();
    if (++this.#commands % yieldEvery === 0) await this.process.host.clock.sleep(0);
    if (++this.#depth > maxCallDepth) {
      this.#depth--;
      throw new ProgramError('maximum nesting level reached', 2);
    }
    try {
      return await this.#dispatch(node, streams);
    } finally {
      this.#depth--;
    }
  }

  async #dispatch(node: Node, streams: Streams): Promise<number> {
    switch (node.kind) {
      case 'simple':
        return this.#simple(node, streams);
      case 'pipeline': {
        if (node.negated) this.#tested++;
        try {
          const status =
            node.parts.length === 1
              ? await this.execute(node.parts[0]!, streams)
              : await this.#pipeline(node.parts, streams);
          return node.negated ? (status === 0 ? 1 : 0) : status;
        } finally {
          if (node.negated) this.#tested--;
        }
      }
      case 'and-or': {
        this.#tested++;
        try {
          this.status = await this.execute(node.first, streams);
          for (const [index, { and, node: next }] of node.rest.entries()) {
            if ((this.status === 0) !== and) continue;
            if (index === node.rest.length - 1) this.#tested--;
            try {
              this.status = await this.execute(next, streams);
            } finally {
              if (index === node.rest.length - 1) this.#tested++;
            }
          }
          return this.status;
        } finally {
          this.#tested--;
        }
      }
      case 'function':
        this.functions.set(node.name, node.body);
        return 0;
      default: {
        const redirected = await this.redirect(node.redirects, streams);
        if (redirected === undefined) return 1;
        return this.#compound(node, redirected);
      }
    }
  }

  async #compound(
    node: Extract<Node, { kind: 'if' | 'while' | 'for' | 'case' | 'group' | 'subshell' }>,
    streams: Streams,
  ): Promise<number> {
    switch (node.kind) {
      case 'group':
        return this.run(node.body, streams);
      case 'subshell':
        return this.fork().runIsolated(node.body, streams);
      case 'if': {
        for (const { condition, then } of node.branches) {
          if (await this.#test(condition, streams)) return this.run(then, streams);
        }
        this.status = 0;
        return node.otherwise === undefined ? 0 : this.run(node.otherwise, streams);
      }
      case 'while': {
        let status = 0;
        while ((await this.#test(node.condition, streams)) !== node.until) {
          const left = await this.#turn(node.body, streams);
          if (left === 'break') break;
          status = this.status;
        }
        return status;
      }
      case 'for': {
        const values =
          node.words === undefined ? this.positional : await expandWords(node.words, this.expansion(streams));
        this.status = 0;
        for (const value of values) {
          this.set(node.name, value);
          if ((await this.#turn(node.body, streams)) === 'break') break;
        }
        return this.status;
      }
      case 'case': {
        const text = await expandText(node.word, this.expansion(streams));
        for (const { patterns, body } of node.arms) {
          for (const pattern of patterns) {
            if (matchesPattern(text, await expandPattern(pattern, this.expansion(streams)))) {
              this.status = 0;
              return this.run(body, streams);
            }
          }
        }
        return 0;
      }
    }
  }

  /** One turn of a loop. */
  async #turn(body: Script, streams: Streams): Promise<'break' | 'next'> {
    try {
      await this.run(body, streams);
    } catch (error) {
      if (!(error instanceof Flow) || (error.kind !== 'break' && error.kind !== 'continue')) throw error;
      if (error.value > 1) throw new Flow(error.kind, error.value - 1);
      this.status = 0;
      if (error.kind === 'break') return 'break';
    }
    return 'next';
  }

  async #pipeline(parts: readonly Node[], streams: Streams): Promise<number> {
    let { stdin } = streams;
    const runs = parts.map((part, index) => {
      const last = index === parts.length - 1;
      const input = stdin;
      const pipe = last ? undefined : createBytePipe();
      if (pipe !== undefined) stdin = createInput(pipe);
      const own = { ...streams, stdin: input, stdout: pipe ?? streams.stdout };
      return this.fork()
        .runIsolated([{ node: part, background: false }], own)
        .finally(() => {
          pipe?.end();
          // Whoever still writes to this part learns that it has gone.
          if (index > 0) input.cancel();
        });
    });
    const settled = await Promise.allSettled(runs);
    const last = settled.at(-1);
    for (const result of settled) if (result.status === 'rejected') throw result.reason;
    return last?.status === 'fulfilled' ? last.value : 1;
  }

  /** The streams with redirections applied; undefined when one failed (which was told). */
  async redirect(redirects: readonly Redirect[], streams: Streams): Promise<Streams | undefined> {
    let { stdin, stdout, stderr } = streams;
    const { host } = this.process;
    for (const { fd, operator, target } of redirects) {
      const text = await expandText(target, this.expansion(streams));
      const path = absolutePath(this.cwd, text);
      try {
        if (operator === '<<') stdin = createInput(sourceOf(encoder.encode(text)));
        else if (operator === '<<<') stdin = createInput(sourceOf(encoder.encode(`${text}\n`)));
        else if (operator === '<' || operator === '<>') {
          const node = host.fs.stat(path);
          if (node.kind !== 'device' || (node.device !== 'stdin' && node.device !== 'tty'))
            stdin = createInput(fileSource(host, node));
        } else if (operator === '>&' || operator === '<&') {
          if (text === '-') {
            if (fd === 0) stdin = createInput(sourceOf());
            else if (fd === 1) stdout = fileSink(host.fs, host.fs.stat('/dev/null'), { stdout, stderr });
            else stderr = fileSink(host.fs, host.fs.stat('/dev/null'), { stdout, stderr });
          } else if (text === '1' || text === '2') {
            const source = text === '1' ? stdout : stderr;
            if (fd === 1) stdout = source;
            else if (fd === 2) stderr = source;
          } else if (text !== '0') throw new ProgramError(`${text}: bad file descriptor`, 2);
        } else {
          const sink = fileSink(host.fs, host.fs.open(path, operator !== '>>'), { stdout, stderr });
          if (operator === '&>') stdout = stderr = sink;
          else if (fd === 2) stderr = sink;
          else if (fd === 1) stdout = sink;
        }
      } catch (error) {
        if (!(error instanceof FileError) && !(error instanceof ProgramError)) throw error;
        const what = operator.startsWith('<') ? "can't open" : "can't create";
        const reason =
          error.message === 'No such file or directory' && operator === '<' ? 'no such file' : error.message;
        await say(stderr, `${this.name}: ${what} ${text}: ${reason}\n`);
        return undefined;
      }
    }
    return { stdin, stdout, stderr };
  }

  async #simple(node: Extract<Node, { kind: 'simple' }>, streams: Streams): Promise<number> {
    const context = this.expansion(streams);
    const words = await expandWords(node.words, context);
    const substituted = node.words.length === 0;
    const assigned: [string, string][] = [];
    // A bare assignment answers what its command substitutions did.
    if (substituted) this.status = 0;
    for (const { name, append, value } of node.assignments) {
      const text = (append ? (this.get(name) ?? '') : '') + (await expandText(value, context));
      if (substituted) this.set(name, text);
      else assigned.push([name, text]);
    }
    const redirected = await this.redirect(node.redirects, streams);
    if (redirected === undefined) return 1;
    if (this.options.has('x') && words.length > 0) await say(streams.stderr, `+ ${words.join(' ')}\n`);
    const [name] = words;
    if (name === undefined) return this.status;
    const body = this.functions.get(name);
    if (body !== undefined) return this.#call(body, words.slice(1), redirected);
    const builtin = Object.hasOwn(builtins, name) ? builtins[name] : undefined;
    if (builtin !== undefined) {
      for (const [key, text] of assigned) this.set(key, text);
      try {
        return await builtin(this, words, redirected);
      } catch (error) {
        if (!(error instanceof ProgramError || error instanceof FileError)) throw error;
        await say(redirected.stderr, `${this.name}: ${name}: ${error.message}\n`);
        return error instanceof ProgramError ? error.exitCode : 1;
      }
    }
    return this.command(words, redirected, assigned);
  }

  async #call(body: Node, args: readonly string[], streams: Streams): Promise<number> {
    const outer = this.positional;
    const saved = new Map<string, Variable | undefined>();
    this.positional = args;
    this.locals.push(saved);
    try {
      return await this.execute(body, streams);
    } catch (error) {
      if (error instanceof Flow && error.kind === 'return') return error.value;
      throw error;
    } finally {
      this.locals.pop();
      for (const [name, variable] of saved) {
        if (variable === undefined) this.variables.delete(name);
        else this.variables.set(name, variable);
      }
      this.positional = outer;
    }
  }

  /** Runs a program of the file system. */
  async command(
    words: readonly string[],
    streams: Streams,
    assigned: readonly (readonly [string, string])[] = [],
  ): Promise<number> {
    const { process } = this;
    const env = this.exported();
    for (const [key, value] of assigned) env.set(key, value);
    try {
      const found = findExecutable(process.host, words, env.get('PATH') ?? defaultPath, this.cwd);
      const { stdin } = streams;
      return await runProgram(process.host, found, {
        args: words,
        env,
        cwd: this.cwd,
        stdin,
        stdout: unowned(streams.stdout),
        stderr: unowned(streams.stderr),
        terminal: process.terminal,
        signal: this.signal,
        parent: process.pid,
      });
    } catch (error) {
      if (!(error instanceof NotExecutableError)) throw error;
      const reason = error.kind === 'not permitted' ? 'Permission denied' : 'not found';
      await say(streams.stderr, `${this.name}: ${words[0] ?? ''}: ${reason}\n`);
      return error.kind === 'not permitted' ? 126 : 127;
    }
  }

  /** The text of a script file. */
  readScript(path: string): string {
    return decoder.decode(this.process.host.fs.readFile(absolutePath(this.cwd, path)));
  }
}

/** Conditions and negations do not end a shell under `set -e`. */
function neverFails(node: Node): boolean {
  return node.kind === 'pipeline' && node.negated;
}
