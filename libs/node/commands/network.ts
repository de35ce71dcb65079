import type { BackendResponse } from '@drydock/port/kubelet';
import {
  ProgramError,
  UnreachableError,
  type PodNetwork,
  type Process,
  type Program,
} from '../shell/index.ts';
import { complain, decoder, encoder, out, pathOf } from './io.ts';
import { parseOptions } from './options.ts';

interface Target {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly query: string;
}

/** A URL as people type it; undefined for what is none, or not of HTTP. */
function targetOf(text: string): Target | undefined {
  const [, scheme = 'http', host = '', port = '80', path = '', query = ''] =
    /^(?:(\w+):\/\/)?(?:[^/@?]*@)?(\[[^\]]+\]|[^/:?#]+)(?::(\d+))?([^?#]*)(?:\?([^#]*))?/.exec(text) ?? [];
  if (host === '' || scheme !== 'http') return undefined;
  return { url: text, host: host.replace(/^\[|\]$/g, ''), port: Number(port), path: path || '/', query };
}

/** Names that are certainly of the world outside, which is not there. */
const outside = /\.(?:ai|app|cloud|cn|co|com|de|dev|edu|eu|gov|info|io|net|org|uk)\.?$/;

/** Whether a URL or name may be of the cluster. */
function isInCluster(text: string): boolean {
  const host = targetOf(text)?.host;
  return host !== undefined && !outside.test(host);
}

function networkOf({ host }: Process): PodNetwork {
  if (host.network === undefined) throw new ProgramError('Network is unreachable');
  return host.network;
}

interface Asked {
  readonly method: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Uint8Array;
}

/** Asks a server of the cluster; undefined when nobody has the name. */
async function ask(process: Process, target: Target, asked: Asked): Promise<BackendResponse | undefined> {
  const network = networkOf(process);
  const [address] = await network.resolve(target.host);
  if (address === undefined) return undefined;
  const { path, query } = target;
  const host = target.port === 80 ? target.host : `${target.host}:${target.port}`;
  return network.request(address, target.port, {
    ...asked,
    path,
    query,
    headers: new Map([['host', host], ['accept', '*/*'], ...asked.headers]),
  });
}

function headText({ status, headers, body }: BackendResponse): string {
  const all = { ...headers, 'content-length': String(body.length) };
  const lines = Object.entries(all).map(
    ([name, value]) => `${name.replace(/(^|-)([a-z])/g, (letters) => letters.toUpperCase())}: ${value}\r\n`,
  );
  return `HTTP/1.1 ${status} ${status === 200 ? 'OK' : ''}\r\n${lines.join('')}\r\n`;
}

const curlLong = {
  silent: 's',
  'show-error': 'S',
  fail: 'f',
  location: 'L',
  insecure: 'k',
  output: 'o',
  'write-out': 'w',
  request: 'X',
  data: 'd',
  'data-raw': 'd',
  header: 'H',
  head: 'I',
  include: 'i',
  verbose: 'v',
  'max-time': 'm',
  'connect-timeout': 'Y',
  globoff: 'g',
  retry: 'R',
  'user-agent': 'A',
  user: 'u',
  'retry-delay': 'R',
  'no-buffer': 'N',
};

const curl: Program = async (process) => {
  const options = parseOptions(process.args, 'sSfLko:w:X:d:H:Iivm:Y:gR:A:u:qN46', curlLong);
  const say = async (code: number, message: string) => {
    if (!options.has('s') || options.has('S')) await complain(process, `(${code}) ${message}`);
    return code;
  };
  let status = options.operands.length === 0 ? await say(2, 'no URL specified') : 0;
  for (const url of options.operands) status = (await curlOne(process, url, options, say)) || status;
  return status;
};

async function curlOne(
  process: Process,
  url: string,
  options: ReturnType<typeof parseOptions>,
  say: (code: number, message: string) => Promise<number>,
): Promise<number> {
  let target = targetOf(url);
  if (target === undefined) return say(1, `Protocol ${JSON.stringify(url.split(':')[0])} not supported`);
  const data = options.value('d');
  const [headerName = '', ...headerValue] = (options.value('H') ?? '').split(':');
  const asked: Asked = {
    method: options.value('X') ?? (options.has('I') ? 'HEAD' : data === undefined ? 'GET' : 'POST'),
    headers: new Map(headerName === '' ? [] : [[headerName.toLowerCase(), headerValue.join(':').trim()]]),
    body: encoder.encode(data ?? ''),
  };
  let response: BackendResponse | undefined;
  for (let hops = 0; hops < 20; hops++) {
    try {
      response = await ask(process, target, asked);
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      const { host, port } = target;
      return error.kind === 'refused'
        ? say(7, `Failed to connect to ${host} port ${port}: Connection refused`)
        : say(28, `Failed to connect to ${host} port ${port}: Operation timed out`);
    }
    if (response === undefined) return say(6, `Could not resolve host: ${target.host}`);
    const { location } = response.headers;
    if (!options.has('L') || location === undefined) break;
    const next = targetOf(
      location.startsWith('/') ? `http://${target.host}:${target.port}${location}` : location,
    );
    if (next === undefined) break;
    target = next;
  }
  if (response === undefined) return 0;
  if (options.has('f') && response.status >= 400)
    return say(22, `The requested URL returned error: ${response.status}`);
  if (options.has('I') || options.has('i')) await out(process, headText(response));
  const file = options.value('o');
  if (file !== undefined && file !== '/dev/null')
    process.host.fs.writeFile(pathOf(process, file), response.body);
  else if (file === undefined && !options.has('I')) await process.stdout.write(response.body);
  const format = options.value('w');
  if (format !== undefined) {
    const values: Readonly<Record<string, string>> = {
      http_code: String(response.status),
      response_code: String(response.status),
      size_download: String(response.body.length),
    };
    const shown = format.replace(/%\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
    await out(process, shown.replaceAll('\\n', '\n').replaceAll('\\t', '\t'));
  }
  return 0;
}

const wgetLong = {
  quiet: 'q',
  'output-document': 'O',
  spider: 'z',
  timeout: 'T',
  tries: 't',
  'no-check-certificate': 'k',
  'post-data': 'd',
  header: 'H',
  'server-response': 'S',
  continue: 'c',
};

const wget: Program = async (process) => {
  const options = parseOptions(process.args, 'qO:zT:t:kd:H:ScU:Y:', wgetLong);
  const [url = ''] = options.operands;
  const target = targetOf(url);
  if (target === undefined)
    throw new ProgramError(url === '' ? 'missing URL' : `not an http or ftp url: ${url}`);
  const { host, port } = target;
  const data = options.value('d');
  let response: BackendResponse | undefined;
  try {
    response = await ask(process, target, {
      method: data === undefined ? 'GET' : 'POST',
      headers: new Map(),
      body: encoder.encode(data ?? ''),
    });
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    const [address = host] = await networkOf(process).resolve(host);
    throw new ProgramError(
      error.kind === 'refused'
        ? `can't connect to remote host (${address}): Connection refused`
        : `can't connect to remote host (${address}): Operation timed out`,
    );
  }
  if (response === undefined) throw new ProgramError(`bad address '${host}'`);
  const quiet = options.has('q');
  if (!quiet) await complainBare(process, `Connecting to ${host} (${host}:${port})\n`);
  if (response.status >= 400) throw new ProgramError(`server returned error: HTTP/1.1 ${response.status}`);
  if (options.has('z')) return 0;
  const file = options.value('O') ?? (target.path.split('/').at(-1) || 'index.html');
  if (file === '-') await process.stdout.write(response.body);
  else if (file !== '/dev/null') process.host.fs.writeFile(pathOf(process, file), response.body);
  return 0;
};

const complainBare = (process: Process, text: string) => process.stderr.write(encoder.encode(text));

/** The name server that the container was given. */
function nameServer(process: Process): string {
  try {
    const lines = decoder.decode(process.host.fs.readFile('/etc/resolv.conf'));
    return /^nameserver (\S+)/m.exec(lines)?.[1] ?? '127.0.0.1';
  } catch {
    return '127.0.0.1';
  }
}

const nslookup: Program = async (process) => {
  const [name = ''] = parseOptions(process.args, '', { type: 'T' }).operands;
  if (name === '') throw new ProgramError('usage: nslookup HOST');
  const server = nameServer(process);
  await out(process, `Server:\t\t${server}\nAddress:\t${server}:53\n\n`);
  const addresses = await networkOf(process).resolve(name);
  if (addresses.length === 0) {
    await out(process, `** server can't find ${name}: NXDOMAIN\n\n`);
    return 1;
  }
  for (const address of addresses) await out(process, `Name:\t${name}\nAddress: ${address}\n`);
  await out(process, '\n');
  return 0;
};

const badHttp =
  'HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request';

/** `nc -z` tells whether somebody listens; what is sent to those who speak HTTP is answered as they do. */
const nc: Program = async (process) => {
  const options = parseOptions(process.args, 'zvw:ntuq:N46', {});
  const [host = '', port = ''] = options.operands;
  const [address] = await networkOf(process).resolve(host);
  if (address === undefined) throw new ProgramError(`bad address '${host}'`);
  try {
    await networkOf(process).connect(address, Number(port));
  } catch (error) {
    if (!(error instanceof UnreachableError)) throw error;
    if (options.has('v')) await complain(process, `${host} (${address}:${port}): ${error.message}`);
    return 1;
  }
  if (options.has('v')) await complainBare(process, `${host} (${address}:${port}) open\n`);
  if (options.has('z')) return 0;
  const said = decoder.decode(await process.stdin.readAll(process.signal)).trim();
  if (said === '') return 0;
  if (!options.has('u')) {
    await out(process, badHttp);
    return 0;
  }
  // A datagram is a word that servers answer to: over HTTP it is a path.
  const [word = '', ...more] = said.split(' ');
  const query = more.length === 0 ? '' : `msg=${encodeURIComponent(more.join(' '))}`;
  const request = { method: 'GET', path: `/${word}`, query, headers: new Map(), body: new Uint8Array() };
  await process.stdout.write((await networkOf(process).request(address, Number(port), request)).body);
  return 0;
};

/** `ip addr`, `ip link`, `ip route`; nobody may change anything. */
const ip: Program = async (process) => {
  const [object = 'addr', action = 'show'] = process.args.slice(1).filter((arg) => !arg.startsWith('-'));
  if (!['show', 'list'].includes(action)) {
    await complainBare(process, 'ip: RTNETLINK answers: Operation not permitted\n');
    return 2;
  }
  const own = networkOf(process).ownIp();
  if ('route'.startsWith(object)) {
    await out(process, `default via ${own.replace(/\d+$/, '1')} dev eth0\n`);
    return 0;
  }
  const link = (index: number, name: string, kind: string, inet: string) =>
    `${index}: ${name}: <UP,LOWER_UP> mtu 1500 qdisc noqueue state UP\n    link/${kind}\n${'link'.startsWith(object) ? '' : `    inet ${inet} scope global ${name}\n`}`;
  await out(process, link(1, 'lo', 'loopback', '127.0.0.1/8') + link(2, 'eth0', 'ether', `${own}/24`));
  return 0;
};

export const networkPrograms: Readonly<Record<string, Program>> = { curl, wget, nslookup, nc, ip };

/** Whether a program asks others. */
export function isOfTheNetwork(program: string): boolean {
  return program !== 'ip' && Object.hasOwn(networkPrograms, program);
}

/** Whether a call of one of them can be answered: what it asks is in the cluster, as far as its arguments tell. */
export function asksTheCluster(program: string, args: readonly string[]): boolean {
  if (!Object.hasOwn(networkPrograms, program)) return true;
  // It is a server where it listens.
  if (program === 'nc') return !args.some((arg) => /^-\w*[le]/.test(arg));
  if (program === 'ip') return true;
  const hosts = args.filter(
    (arg) => /^\w+:\/\//.test(arg) || (!arg.startsWith('-') && /^[\w-]+(?:\.[\w-]+)+/.test(arg)),
  );
  return hosts.every(isInCluster);
}
