import { findKind, loadDescriptions, lookupSchema } from '@drydock/api/scheme';
import type { ResourceDefinition } from '../registry/types.ts';
import { pathsOf, rootOf } from './paths.ts';
import {
  messageSchema,
  reachable,
  reference,
  schemaName,
  type Dialect,
  type GroupVersionKind,
  type Json,
} from './schemas.ts';

const meta = 'k8s.io.apimachinery.pkg.apis.meta.v1';
const scale = 'k8s.io.api.autoscaling.v1.Scale';

function schemasOf(
  definitions: readonly ResourceDefinition[],
  dialect: Dialect,
  texts: Awaited<ReturnType<typeof loadDescriptions>>,
): Json {
  const gvks = new Map<string, GroupVersionKind[]>();
  const roots = new Set([`${meta}.DeleteOptions`, `${meta}.Status`]);
  const name = (message: string, gvk: GroupVersionKind) => {
    if (lookupSchema(message) === undefined) return;
    roots.add(message);
    gvks.set(message, [...(gvks.get(message) ?? []), gvk]);
  };
  for (const { group, version, kind, schema, scale: hasScale, subresources } of definitions) {
    name(schema, { group, version, kind });
    name(`${schema}List`, { group, version, kind: `${kind}List` });
    if (hasScale !== undefined && !gvks.has(scale))
      name(scale, { group: 'autoscaling', version: 'v1', kind: 'Scale' });
    for (const handler of Object.values(subresources ?? {})) {
      const found = findKind(handler.group ?? group, handler.version ?? version, handler.kind);
      if (found !== undefined) roots.add(found.schema);
    }
  }
  const schemas: Json = {
    [schemaName(`${meta}.Patch`)]: {
      description: 'A patch; its form follows from the content type.',
      type: 'object',
    },
  };
  for (const message of reachable(roots)) {
    schemas[schemaName(message)] = messageSchema(message, dialect, texts, gvks.get(message) ?? []);
  }
  // Virtual kinds without a list message of their own still need what their paths refer to.
  for (const { schema, kind, group, version } of definitions) {
    const list = `${schema}List`;
    schemas[schemaName(list)] ??= {
      type: 'object',
      description: `A list of ${kind} objects.`,
      properties: { items: { type: 'array', items: { $ref: reference(schema, dialect) } } },
      'x-kubernetes-group-version-kind': [{ group, version, kind: `${kind}List` }],
    };
  }
  return schemas;
}

function paths(definitions: readonly ResourceDefinition[], dialect: Dialect): Json {
  return Object.assign({}, ...definitions.map((definition) => pathsOf(definition, dialect))) as Json;
}

function groupVersionOf({ group, version }: ResourceDefinition): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The group versions that have a document, as `/openapi/v3` lists them: `api/v1`, `apis/apps/v1`, … */
export function openApiV3Paths(definitions: readonly ResourceDefinition[]): string[] {
  return [...new Set(definitions.map(({ group, version }) => rootOf(group, version).slice(1)))].sort();
}

/**
 * The OpenAPI v3 document of one group version (`v1`, `apps/v1`): its kinds with everything beneath them, and the
 * operations on their paths. Undefined when no definition is of that group version.
 */
export async function buildOpenApiV3(
  groupVersion: string,
  definitions: readonly ResourceDefinition[],
): Promise<Json | undefined> {
  const own = definitions.filter((definition) => groupVersionOf(definition) === groupVersion);
  if (own.length === 0) return undefined;
  const texts = await loadDescriptions();
  return {
    openapi: '3.0.0',
    info: { title: 'Kubernetes', version: 'v1.36.0' },
    paths: paths(own, 'v3'),
    components: {
      schemas: schemasOf(own, 'v3', texts),
      securitySchemes: {
        BearerToken: { type: 'apiKey', description: 'Bearer token', name: 'authorization', in: 'header' },
      },
    },
  };
}

/** The OpenAPI v2 (Swagger) document of everything that is served. */
export async function buildOpenApiV2(definitions: readonly ResourceDefinition[]): Promise<Json> {
  const texts = await loadDescriptions();
  return {
    swagger: '2.0',
    info: { title: 'Kubernetes', version: 'v1.36.0' },
    paths: paths(definitions, 'v2'),
    definitions: schemasOf(definitions, 'v2', texts),
    securityDefinitions: {
      BearerToken: { type: 'apiKey', description: 'Bearer token', name: 'authorization', in: 'header' },
    },
    security: [{ BearerToken: [] }],
  };
}
