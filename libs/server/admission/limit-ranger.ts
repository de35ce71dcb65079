import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '@drydock/api/core/v1';
import type { Quantity } from '@drydock/base/apimachinery';
import { forbidden, parseQuantity, tryParseQuantity } from '@drydock/base/apimachinery';
import type { WatchCache } from '../watch-cache/index.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

type List = Readonly<Record<string, string>>;

const limitRanges = { group: '', resource: 'limitranges' };
const annotation = 'kubernetes.io/limit-ranger';

interface Asked {
  readonly requests: List;
  readonly limits: List;
}

const shown = (quantity: string): string => parseQuantity(quantity).toString();
const read = (list: List, name: string): Quantity | undefined => tryParseQuantity(list[name]);

function minProblem(
  type: string,
  name: string,
  min: string,
  { requests, limits }: Asked,
): string | undefined {
  const least = parseQuantity(min);
  const usage = `minimum ${name} usage per ${type} is ${shown(min)}`;
  const [request, limit] = [read(requests, name), read(limits, name)];
  if (request === undefined) return `${usage}.  No request is specified`;
  if (request.compare(least) < 0) return `${usage}, but request is ${request.toString()}`;
  return limit !== undefined && limit.compare(least) < 0
    ? `${usage}, but limit is ${limit.toString()}`
    : undefined;
}

function maxProblem(
  type: string,
  name: string,
  max: string,
  { requests, limits }: Asked,
): string | undefined {
  const most = parseQuantity(max);
  const usage = `maximum ${name} usage per ${type} is ${shown(max)}`;
  const [request, limit] = [read(requests, name), read(limits, name)];
  if (limit === undefined) return `${usage}.  No limit is specified`;
  if (limit.compare(most) > 0) return `${usage}, but limit is ${limit.toString()}`;
  return request !== undefined && request.compare(most) > 0
    ? `${usage}, but request is ${request.toString()}`
    : undefined;
}

/** A quantity as a number, for a ratio that is told with six digits. */
function numberOf(quantity: Quantity): number {
  return Number(quantity.unscaled) / 10 ** quantity.scale;
}

function ratioProblem(
  type: string,
  name: string,
  most: string,
  { requests, limits }: Asked,
): string | undefined {
  const text = `${name} max limit to request ratio per ${type} is ${shown(most)}`;
  const [request, limit] = [read(requests, name), read(limits, name)];
  if (request === undefined || request.isZero())
    return `${text}, but no request is specified or request is 0`;
  if (limit === undefined || limit.isZero()) return `${text}, but no limit is specified or limit is 0`;
  const ratio = numberOf(limit) / numberOf(request);
  return ratio > numberOf(parseQuantity(most))
    ? `${text}, but provided ratio is ${ratio.toFixed(6)}`
    : undefined;
}

function problems(item: LimitRangeItem, asked: Asked): string[] {
  const type = item.type ?? '';
  const found = [
    ...Object.entries(item.min ?? {}).map(([name, min]) => minProblem(type, name, min, asked)),
    ...Object.entries(item.max ?? {}).map(([name, max]) => maxProblem(type, name, max, asked)),
    ...Object.entries(item.maxLimitRequestRatio ?? {}).map(([name, most]) =>
      ratioProblem(type, name, most, asked),
    ),
  ];
  return found.filter((one) => one !== undefined);
}

function claimProblems({ min, max, type = '' }: LimitRangeItem, requests: List): string[] {
  const found = Object.entries(min ?? {}).map(([name, least]) =>
    minProblem(type, name, least, { requests, limits: {} }),
  );
  for (const [name, most] of Object.entries(max ?? {})) {
    const request = read(requests, name);
    const usage = `maximum ${name} usage per ${type} is ${shown(most)}`;
    if (request === undefined) found.push(`${usage}.  No request is specified`);
    else if (request.compare(parseQuantity(most)) > 0)
      found.push(`${usage}, but request is ${request.toString()}`);
  }
  return found.filter((one) => one !== undefined);
}

const askedBy = ({ resources }: Container): Asked => ({
  requests: resources?.requests ?? {},
  limits: resources?.limits ?? {},
});

/** The sum of what all name; what one of them does not name has no sum. */
function sum(lists: readonly List[]): List {
  const [first = {}, ...others] = lists;
  const names = Object.keys(first).filter((name) => others.every((list) => list[name] !== undefined));
  return Object.fromEntries(
    names.map((name) => [
      name,
      lists
        .map((list) => parseQuantity(list[name]!))
        .reduce((total, one) => total.add(one))
        .toString(),
    ]),
  );
}

function podProblems(item: LimitRangeItem, pod: Pod): string[] {
  const { containers = [], initContainers = [] } = pod.spec ?? {};
  if (item.type === 'Container')
    return [...containers, ...initContainers].flatMap((container) => problems(item, askedBy(container)));
  if (item.type !== 'Pod') return [];
  const all = containers.map(askedBy);
  const total = {
    requests: { ...sum(all.map(({ requests }) => requests)) },
    limits: { ...sum(all.map(({ limits }) => limits)) },
  };
  // What runs before the others may need more than they do together.
  for (const container of initContainers) {
    const own = askedBy(container);
    for (const part of ['requests', 'limits'] as const) {
      for (const [name, amount] of Object.entries(own[part])) {
        const known = total[part][name];
        if (known === undefined || parseQuantity(amount).compare(parseQuantity(known)) > 0)
          total[part][name] = amount;
      }
    }
  }
  return problems(item, total);
}

/** Fills in what a container does not name; answers what was filled in, for the annotation. */
function fill(container: Container, item: { requests: List; limits: List }, what: string): string[] {
  const told: string[] = [];
  for (const [part, word] of [
    ['requests', 'request'],
    ['limits', 'limit'],
  ] as const) {
    const present = container.resources?.[part] ?? {};
    const missing = Object.keys(item[part])
      .filter((name) => present[name] === undefined)
      .sort();
    if (missing.length === 0) continue;
    container.resources = {
      ...container.resources,
      [part]: { ...present, ...Object.fromEntries(missing.map((name) => [name, item[part][name]!])) },
    };
    told.push(`${missing.join(', ')} ${word} for ${what} ${container.name ?? ''}`);
  }
  return told;
}

/** The defaults of a range's containers. */
function defaultsOf(range: LimitRange): { requests: List; limits: List } {
  const items = (range.spec?.limits ?? []).filter(({ type }) => type === 'Container');
  return {
    requests: Object.assign({}, ...items.map((item) => item.defaultRequest ?? {})) as List,
    limits: Object.assign({}, ...items.map((item) => item.default ?? {})) as List,
  };
}

/** Kubernetes' LimitRanger: Pods get the requests and limits of their namespace where they name none, and keep to its bounds. */
export function limitRanger(cache: Pick<WatchCache, 'items'>): AdmissionPlugin {
  const ranges = ({ namespace }: AdmissionRequest): LimitRange[] =>
    cache
      .items(limitRanges, namespace)
      .map(({ object }) => object as LimitRange)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);

  return {
    name: 'LimitRanger',
    handles: (definition, subresource, operation) =>
      definition.group === '' &&
      (definition.resource === 'pods' || definition.resource === 'persistentvolumeclaims') &&
      subresource === '' &&
      operation === 'CREATE',
    admit(request) {
      if (request.definition.resource !== 'pods') return;
      const pod = request.object as Pod;
      for (const range of ranges(request)) {
        const defaults = defaultsOf(range);
        const told = [
          ...(pod.spec?.containers ?? []).flatMap((one) => fill(one, defaults, 'container')),
          ...(pod.spec?.initContainers ?? []).flatMap((one) => fill(one, defaults, 'init container')),
        ];
        if (told.length === 0) continue;
        pod.metadata.annotations = {
          ...pod.metadata.annotations,
          [annotation]: `LimitRanger plugin set: ${told.join('; ')}`,
        };
      }
    },
    validate(request) {
      const { definition, object } = request;
      for (const range of ranges(request)) {
        const found = (range.spec?.limits ?? []).flatMap((item) => {
          if (definition.resource === 'pods') return podProblems(item, object as Pod);
          if (item.type !== 'PersistentVolumeClaim') return [];
          return claimProblems(item, (object as PersistentVolumeClaim).spec?.resources?.requests ?? {});
        });
        if (found.length === 0) continue;
        const text = found.length === 1 ? found[0]! : `[${found.join(', ')}]`;
        throw forbidden({ group: '', resource: definition.resource }, object.metadata.name ?? '', text);
      }
    },
  };
}
