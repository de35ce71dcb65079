import { notAcceptable } from '@drydock/base/apimachinery';

/** How an answer is written. */
export interface Form {
  readonly yaml: boolean;
  /** What objects are turned into. */
  readonly as: 'object' | 'table' | 'partial';
  /** For tables and partial objects: `meta.k8s.io/v1` or `meta.k8s.io/v1beta1`. */
  readonly metaVersion: string;
}

const plain: Form = { yaml: false, as: 'object', metaVersion: 'meta.k8s.io/v1' };
const supported = ['application/json', 'application/yaml'];
const known = new Map<string, Form | undefined>();

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The clauses of an Accept header, best first. */
export function acceptClauses(header: string): Clause[] {
  const clauses = header.split(',').map((text) => {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim());
    const parameters = new Map(
      rest.map((part) => {
        const equals = part.indexOf('=');
        return equals < 0
          ? ([part, ''] as const)
          : ([part.slice(0, equals), part.slice(equals + 1)] as const);
      }),
    );
    return { type: type.toLowerCase(), parameters, weight: Number(parameters.get('q') ?? 1) };
  });
  return clauses.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
}

function formOf(header: string): Form | undefined {
  for (const { type, parameters } of acceptClauses(header)) {
    const yaml = type === 'application/yaml';
    if (!yaml && type !== 'application/json' && type !== '*/*' && type !== 'application/*' && type !== '')
      continue;
    const wanted = parameters.get('as');
    if (wanted === undefined) return yaml ? { ...plain, yaml } : plain;
    const version = parameters.get('v') ?? 'v1';
    if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) continue;
    const metaVersion = `meta.k8s.io/${version}`;
    if (wanted === 'Table') return { yaml, as: 'table', metaVersion };
    if (wanted === 'PartialObjectMetadata' || wanted === 'PartialObjectMetadataList') {
      return { yaml, as: 'partial', metaVersion };
    }
  }
  return undefined;
}

/**
 * Chooses the form of an answer from the Accept header.
 * @throws ApiError 406 when none will do
 */
export function negotiate(header: string | undefined): Form {
  if (header === undefined || header === '' || header === 'application/json') return plain;
  let form = known.get(header);
  if (form === undefined && !known.has(header)) {
    form = formOf(header);
    if (known.size < 256) known.set(header, form);
  }
  if (form === undefined) throw notAcceptable(supported);
  return form;
}
