import { notAcceptable } from '@drydock/base/apimachinery';

export type Encoding = 'json' | 'yaml' | 'protobuf';

/** How an answer is written. */
export interface Form {
  readonly encoding: Encoding;
  /** What objects are turned into. */
  readonly as: 'object' | 'table' | 'partial' | 'partial list';
  /** For tables and partial objects: `meta.k8s.io/v1` or `meta.k8s.io/v1beta1`. */
  readonly metaVersion: string;
  /** JSON for human eyes. */
  readonly pretty: boolean;
}

/** What an endpoint can do, as Kubernetes' EndpointRestrictions. */
export interface Offer {
  /** Can the objects themselves be written in protobuf? Tables never can, partial objects always. */
  readonly protobuf: boolean;
  /** Can objects be turned into tables and partial objects? */
  readonly transforms: boolean;
  /** Can they, though not into tables? */
  readonly noTables?: boolean;
  /** Answers are streams of events: no YAML. */
  readonly stream: boolean;
}

export const mediaTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
};
/** In the order in which the server prefers them. */
const encodings: readonly Encoding[] = ['json', 'yaml', 'protobuf'];

/** What `Accept: application/json`, and no such header, ask for. */
export const plainJson: Form = { encoding: 'json', as: 'object', metaVersion: 'v1', pretty: false };
const offers = {
  /** Status and documents: no transformations. */
  document: { protobuf: true, transforms: false, stream: false },
} satisfies Record<string, Offer>;

interface Clause {
  readonly type: string;
  readonly subtype: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly weight: number;
}

function parseClause(text: string): Clause | undefined {
  const [range = '', ...rest] = text.split(';');
  const [type = '', subtype, ...more] = range.trim().split('/');
  if (more.length > 0 || (subtype === undefined && type !== '*')) return undefined;
  const parameters = new Map<string, string>();
  let weight = 1;
  for (const part of rest) {
    const [name = '', value, ...others] = part.split('=');
    if (value === undefined || value === '' || others.length > 0) continue;
    if (name.trim() === 'q') weight = Number.parseFloat(value) || 0;
    else parameters.set(name.trim(), value.trim());
  }
  return {
    type: type.trim().toLowerCase(),
    subtype: (subtype ?? '*').trim().toLowerCase(),
    parameters,
    weight,
  };
}

/** The clauses of an Accept header, best first; ranges with stars come after those without. */
export function acceptClauses(header: string): Clause[] {
  const stars = ({ type, subtype }: Clause): number => (type === '*' ? 2 : subtype === '*' ? 1 : 0);
  return header
    .split(',')
    .map(parseClause)
    .filter((clause) => clause !== undefined)
    .sort((a, b) => b.weight - a.weight || stars(a) - stars(b));
}

/** The encodings that a clause covers, best first. */
function* covered({ type, subtype }: Clause): Iterable<Encoding> {
  for (const encoding of encodings) {
    if (type !== '*' && type !== 'application') continue;
    if (subtype === '*' || mediaTypes[encoding] === `application/${subtype}`) yield encoding;
  }
}

function formOf(clause: Clause, encoding: Encoding, offer: Offer): Form | undefined {
  const { parameters } = clause;
  const stream = parameters.get('stream');
  if (stream !== undefined && (stream !== 'watch' || encoding === 'yaml')) return undefined;
  const version = parameters.get('sv');
  if (version !== undefined && !(offer.transforms && version === 'v1')) return undefined;
  const pretty = encoding === 'json' && parameters.get('pretty') === '1';
  const converts = parameters.has('as') || parameters.has('g') || parameters.has('v');
  if (!converts) {
    if (encoding === 'protobuf' && !offer.protobuf) return undefined;
    return pretty || encoding !== 'json' ? { ...plainJson, encoding, pretty } : plainJson;
  }
  const wanted = parameters.get('v');
  if (!offer.transforms || parameters.get('g') !== 'meta.k8s.io' || (wanted !== 'v1' && wanted !== 'v1beta1'))
    return undefined;
  const form = { encoding, metaVersion: `meta.k8s.io/${wanted}`, pretty };
  switch (parameters.get('as')) {
    case 'Table':
      return encoding === 'protobuf' || offer.noTables === true ? undefined : { ...form, as: 'table' };
    case 'PartialObjectMetadata':
      return { ...form, as: 'partial' };
    case 'PartialObjectMetadataList':
      return { ...form, as: 'partial list' };
    default:
      return undefined;
  }
}

function choose(header: string, offer: Offer): Form | undefined {
  for (const clause of acceptClauses(header)) {
    for (const encoding of covered(clause)) {
      const form = formOf(clause, encoding, offer);
      if (form !== undefined) return form;
    }
  }
  return undefined;
}

const known = new Map<string, Form | undefined>();
const mostKnown = 512;

function remembered(header: string, offer: Offer): Form | undefined {
  const { protobuf, transforms, noTables = false } = offer;
  const key = `${protobuf ? 'p' : ''}${transforms ? 't' : ''}${noTables ? 'n' : ''} ${header}`;
  let form = known.get(key);
  if (form === undefined && !known.has(key)) {
    form = choose(header, offer);
    if (known.size < mostKnown) known.set(key, form);
  }
  return form;
}

/**
 * Chooses the form of an answer from the Accept header.
 * @throws ApiError 406 when none will do
 */
export function negotiate(header: string | undefined, offer: Offer = offers.document): Form {
  if (header === undefined || header === '' || header === 'application/json') return plainJson;
  const form = remembered(header, offer);
  if (form !== undefined && !(offer.stream && form.encoding === 'yaml')) return form;
  throw notAcceptable(
    offer.stream
      ? [`${mediaTypes.json};stream=watch`, `${mediaTypes.protobuf};stream=watch`]
      : encodings.map((encoding) => mediaTypes[encoding]),
  );
}

/** The form of a failure: as the client wants it, JSON where that cannot be. */
export function negotiateError(header: string | undefined): Form {
  if (header === undefined || header === '' || header === 'application/json') return plainJson;
  const form = remembered(header, offers.document);
  return form === undefined ? plainJson : { ...plainJson, encoding: form.encoding };
}

/** The aggregated form of discovery that is asked for; undefined where only the older form is. */
export function negotiateDiscovery(
  header: string | undefined,
): { readonly encoding: Encoding; readonly version: 'v2' | 'v2beta1' } | undefined {
  if (header === undefined || !header.includes('APIGroupDiscoveryList')) return undefined;
  for (const clause of acceptClauses(header)) {
    const { parameters } = clause;
    const version = parameters.get('v');
    if (
      parameters.get('as') !== 'APIGroupDiscoveryList' ||
      parameters.get('g') !== 'apidiscovery.k8s.io' ||
      (version !== 'v2' && version !== 'v2beta1')
    )
      continue;
    for (const encoding of covered(clause)) return { encoding, version };
  }
  return undefined;
}

const humanAgents = /^(?:curl|Wget|Mozilla\/5\.0)/;

/** Does the client want JSON for human eyes? By the `pretty` parameter, else by who it says it is. */
export function wantsPretty(parameter: string | undefined, userAgent: string | undefined): boolean {
  if (parameter) return /^(?:1|t|T|TRUE|true|True)$/.test(parameter);
  return userAgent !== undefined && humanAgents.test(userAgent);
}
