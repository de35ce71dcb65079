import type { KubeObject } from '@drydock/base/apimachinery';
import { compileJsonPath, getPath } from '@drydock/base/apimachinery';
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionVersion,
} from '@drydock/api/apiextensions/v1';
import type { Random } from '@drydock/base/clock';
import type { WebhookCaller } from '@drydock/port/webhook';
import type { ResourceDefinition, ScaleSubresource } from '../registry/types.ts';
import { compileShaper, type JsonSchema, type Shaper } from '../structural-schema/index.ts';
import { customColumns } from './columns.ts';
import { converterOf } from './conversion.ts';
import { createFormat } from './format.ts';
import { compileRuleCheck } from '../schema-rules/index.ts';
import { createCustomStrategy } from './strategy.ts';
import { compareVersions } from './versions.ts';

export interface CustomDefinitionsOptions {
  readonly webhooks: WebhookCaller | undefined;
  readonly random: Random;
  /** Whether the definition is being deleted: no more instances then. */
  terminating(): boolean;
}

/** `com.example.stable.v1.CronTab`: the kind's name in OpenAPI. */
export function openApiName(group: string, version: string, kind: string): string {
  return [...group.split('.').reverse(), version, kind].join('.');
}

function schemaOf(version: CustomResourceDefinitionVersion): JsonSchema {
  return version.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
}

function deprecationWarning(
  crd: CustomResourceDefinition,
  version: CustomResourceDefinitionVersion,
): string | undefined {
  if (version.deprecated !== true) return undefined;
  if (version.deprecationWarning !== undefined) return version.deprecationWarning;
  const { group, names, versions } = crd.spec;
  const newer = versions
    .filter((one) => one.served && one.deprecated !== true && compareVersions(one.name, version.name) > 0)
    .sort((a, b) => compareVersions(b.name, a.name))[0];
  const use = newer === undefined ? '' : `; use ${group}/${newer.name} ${names.kind}`;
  return `${group}/${version.name} ${names.kind} is deprecated${use}`;
}

function scaleOf(version: CustomResourceDefinitionVersion): ScaleSubresource | undefined {
  const scale = version.subresources?.scale;
  if (scale === undefined) return undefined;
  const trim = (path: string) => path.replace(/^\./, '');
  const selectorPath = scale.labelSelectorPath ?? '';
  return {
    specReplicasPath: trim(scale.specReplicasPath),
    statusReplicasPath: trim(scale.statusReplicasPath),
    selector(object) {
      const value = selectorPath === '' ? undefined : getPath(object, selectorPath);
      return typeof value === 'string' ? value : undefined;
    },
  };
}

function selectableFieldsOf(
  version: CustomResourceDefinitionVersion,
): Record<string, (object: KubeObject) => string> {
  const fields: Record<string, (object: KubeObject) => string> = {};
  for (const { jsonPath } of version.selectableFields ?? []) {
    const path = compileJsonPath(`{${jsonPath}}`);
    fields[jsonPath.replace(/^\./, '')] = (object) => {
      const [value] = path.evaluate(object);
      return value === undefined || value === null ? '' : String(value as string);
    };
  }
  return fields;
}

/** The resources that a definition serves: one for each served version, under the names that were accepted. */
export function customDefinitions(
  crd: CustomResourceDefinition,
  options: CustomDefinitionsOptions,
): ResourceDefinition[] {
  const { group, versions, scope } = crd.spec;
  const names = crd.status?.acceptedNames ?? crd.spec.names;
  const storage = versions.find((version) => version.storage);
  const { plural = '', kind = '' } = names;
  if (storage === undefined || plural === '' || kind === '') return [];
  const shapers = new Map<string, Shaper>();
  const shaperOf = (version: CustomResourceDefinitionVersion): Shaper => {
    let shaper = shapers.get(version.name);
    if (shaper === undefined) shapers.set(version.name, (shaper = compileShaper(schemaOf(version))));
    return shaper;
  };
  const converter = converterOf(crd, options.webhooks, options.random);
  return versions
    .filter((version) => version.served)
    .map((version) => {
      const schema = schemaOf(version);
      const scale = scaleOf(version);
      const warning = deprecationWarning(crd, version);
      const apiVersion = `${group}/${version.name}`;
      const selectableFields = selectableFieldsOf(version);
      return {
        group,
        version: version.name,
        kind,
        resource: plural,
        singular: names.singular ?? '',
        ...(names.shortNames === undefined ? {} : { shortNames: names.shortNames }),
        ...(names.categories === undefined ? {} : { categories: names.categories }),
        namespaced: scope === 'Namespaced',
        schema: openApiName(group, version.name, kind),
        ...(version.subresources?.status === undefined ? {} : { status: true }),
        ...(scale === undefined ? {} : { scale }),
        ...(warning === undefined ? {} : { warning }),
        columns: customColumns(version.additionalPrinterColumns),
        selectableFields,
        strategy: createCustomStrategy({
          group,
          resource: plural,
          version,
          schema,
          rules: compileRuleCheck(schema),
          terminating: () => options.terminating(),
        }),
        custom: createFormat({
          group,
          kind,
          apiVersion,
          schema,
          shaper: shaperOf(version),
          storage: { apiVersion: `${group}/${storage.name}`, shaper: shaperOf(storage) },
          converter,
          ...(versions.length > 1 ? { selectableFields } : {}),
        }),
      };
    });
}
