/** One line of the Prometheus text format. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly timestampMs: number | undefined;
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+(-?\d+))?\s*$/;
const label = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;
const escapes: Readonly<Record<string, string>> = { n: '\n' };

/** Reads the Prometheus text format; what is no sample is left out. */
export function* parseSamples(text: string): Generator<Sample> {
  for (const raw of text.split('\n')) {
    if (raw === '' || raw.startsWith('#')) continue;
    const match = line.exec(raw);
    if (match === null) continue;
    const [, name = '', inner = '', value = '', stamp] = match;
    const labels: Record<string, string> = {};
    for (const [, key = '', quoted = ''] of inner.matchAll(label))
      labels[key] = quoted.replace(/\\(.)/g, (_, one: string) => escapes[one] ?? one);
    yield {
      name,
      labels,
      value: Number(value),
      timestampMs: stamp === undefined ? undefined : Number(stamp),
    };
  }
}
