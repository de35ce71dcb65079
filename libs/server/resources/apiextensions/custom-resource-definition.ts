import type { FieldError } from '@drydock/base/apimachinery';
import {
  fieldPath,
  formatTime,
  forbiddenField,
  invalidValue,
  required,
  validateDns1035Label,
  validateDns1123Subdomain,
} from '@drydock/base/apimachinery';
import type {
  CustomResourceConversion,
  CustomResourceDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionStatus,
} from '@drydock/api/apiextensions/v1';
import type { ResourceDefinition } from '../../registry/types.ts';
import { checkSchemaShape } from '../../structural-schema/index.ts';
import { createdAtColumn, immutable, nameColumn } from '../common/index.ts';
import { namesErrors, requiredNamesErrors } from './names-errors.ts';
import { enumErrors, versionsErrors } from './version-errors.ts';

const spec = fieldPath('spec');
const reviewVersions = ['v1', 'v1beta1'];
const approvalAnnotation = 'api-approved.kubernetes.io';

function groupErrors(group: string): FieldError[] {
  const at = spec.child('group');
  if (group === '') return [required(at)];
  const messages = validateDns1123Subdomain(group);
  if (messages.length > 0) return [invalidValue(at, group, messages.join(','))];
  return group.includes('.') ? [] : [invalidValue(at, group, 'should be a domain with at least one dot')];
}

function conversionErrors(conversion: CustomResourceConversion | undefined): FieldError[] {
  if (conversion === undefined) return [];
  const where = spec.child('conversion');
  const errors = enumErrors(conversion.strategy, ['None', 'Webhook'], where.child('strategy'));
  const { clientConfig: config, conversionReviewVersions: versions = [] } = conversion.webhook ?? {};
  const atConfig = where.child('webhookClientConfig');
  const atVersions = where.child('conversionReviewVersions');
  if (conversion.strategy !== 'Webhook') {
    const detail = 'should not be set when strategy is not set to Webhook';
    if (config !== undefined) errors.push(forbiddenField(atConfig, detail));
    if (versions.length > 0) errors.push(forbiddenField(atVersions, detail));
    return errors;
  }
  if (config === undefined) errors.push(required(atConfig, 'required when strategy is set to Webhook'));
  else if ((config.url === undefined) === (config.service === undefined)) {
    errors.push(required(atConfig, 'exactly one of url or service is required'));
  }
  if (versions.length === 0) return [...errors, required(atVersions)];
  versions.forEach((version, index) => {
    const at = atVersions.index(index);
    if (versions.indexOf(version) < index) errors.push(invalidValue(at, version, 'duplicate version'));
    else for (const message of validateDns1035Label(version)) errors.push(invalidValue(at, version, message));
  });
  if (!versions.some((version) => reviewVersions.includes(version))) {
    errors.push(
      invalidValue(atVersions, versions, `must include at least one of ${reviewVersions.join(', ')}`),
    );
  }
  return errors;
}

/** Groups of the Kubernetes project may only be used with its approval. */
function approvalErrors({ metadata, spec: value }: CustomResourceDefinition): FieldError[] {
  const group = value?.group ?? '';
  const guarded = ['k8s.io', 'kubernetes.io'].some(
    (domain) => group === domain || group.endsWith(`.${domain}`),
  );
  if (!guarded) return [];
  const where = fieldPath('metadata', 'annotations').key(approvalAnnotation);
  const text = metadata.annotations?.[approvalAnnotation];
  if (text === undefined || text === '') {
    const detail =
      'protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111';
    return [required(where, detail)];
  }
  if (text.startsWith('unapproved') || /^[a-z][a-z0-9+.-]*:\/\/[^/]+/i.test(text)) return [];
  const detail =
    'protected groups must have approval annotation "api-approved.kubernetes.io" with either a URL or a reason starting with "unapproved", see https://github.com/kubernetes/enhancements/pull/1111';
  return [invalidValue(where, text, detail)];
}

function validate(object: CustomResourceDefinition): FieldError[] {
  const value = object.spec ?? ({} as CustomResourceDefinitionSpec);
  const names = value.names ?? {};
  const name = object.metadata.name ?? '';
  const expected = `${names.plural ?? ''}.${value.group ?? ''}`;
  const versions = value.versions ?? [];
  const errors: FieldError[] = [];
  if (name !== expected) {
    const detail = 'must be spec.names.plural+"."+spec.group';
    errors.push(invalidValue(fieldPath('metadata', 'name'), name, detail));
  }
  errors.push(
    ...groupErrors(value.group ?? ''),
    ...enumErrors(value.scope, ['Cluster', 'Namespaced'], spec.child('scope')),
    ...versionsErrors(versions),
    ...requiredNamesErrors(names, spec.child('names')),
    ...namesErrors(names, spec.child('names')),
    ...conversionErrors(value.conversion),
  );
  const stored = object.status?.storedVersions ?? [];
  const atStored = fieldPath('status', 'storedVersions');
  if (stored.length === 0) {
    errors.push(invalidValue(atStored, stored, 'must have at least one stored version'));
  }
  for (const version of stored.length === 0 ? [] : versions) {
    if (version.storage && !stored.includes(version.name)) {
      errors.push(invalidValue(atStored, stored, `must have the storage version ${version.name}`));
    }
  }
  stored.forEach((version, index) => {
    if (versions.some((known) => known.name === version)) return;
    const detail =
      `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions ` +
      `until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`;
    errors.push(invalidValue(atStored.index(index), version, detail));
  });
  if (value.preserveUnknownFields === true) {
    const detail =
      'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead';
    errors.push(invalidValue(spec.child('preserveUnknownFields'), true, detail));
  }
  return [...errors, ...approvalErrors(object)];
}

/** The version that is stored joins those that were, so that none is forgotten while objects may still be in it. */
function keepStoredVersion(object: CustomResourceDefinition): void {
  const storage = object.spec?.versions?.find((version) => version.storage)?.name;
  if (storage === undefined) return;
  const status = (object.status ??= {} as CustomResourceDefinitionStatus);
  const stored = status.storedVersions ?? [];
  if (!stored.includes(storage)) status.storedVersions = [...stored, storage];
}

function isEstablished({ status }: CustomResourceDefinition): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: value }) => type === 'Established' && value === 'True',
  );
}

/** apiextensions.k8s.io/v1 CustomResourceDefinition: a kind of the users' own. */
export const customResourceDefinitionDefinition: ResourceDefinition<CustomResourceDefinition> = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  resource: 'customresourcedefinitions',
  singular: 'customresourcedefinition',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
  status: true,
  strategy: {
    allowUnconditionalUpdate: false,
    finalizersOnDelete: ['customresourcecleanup.apiextensions.k8s.io'],
    // Its deletion knows no grace period.
    deletionBlocked: () => false,
    prepareForDelete(object, context) {
      const status = (object.status ??= {} as CustomResourceDefinitionStatus);
      const others = (status.conditions ?? []).filter(({ type }) => type !== 'Terminating');
      status.conditions = [
        ...others,
        {
          type: 'Terminating',
          status: 'True',
          lastTransitionTime: formatTime(context.clock.now()),
          reason: 'InstanceDeletionPending',
          message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
        },
      ];
    },
    defaults(object) {
      const value = (object.spec ??= {} as CustomResourceDefinitionSpec);
      for (const version of value.versions ?? []) checkSchemaShape(version.schema?.openAPIV3Schema);
      const names = value.names;
      if (names !== undefined) {
        names.singular ||= (names.kind ?? '').toLowerCase();
        if ((names.kind ?? '') !== '') names.listKind ||= `${names.kind}List`;
      }
      value.conversion ??= { strategy: 'None' };
      const service = value.conversion.webhook?.clientConfig?.service;
      if (service !== undefined) service.port ??= 443;
    },
    prepareForCreate(object) {
      object.status = {} as CustomResourceDefinitionStatus;
      keepStoredVersion(object);
    },
    prepareForUpdate: keepStoredVersion,
    validate,
    validateUpdate(object, old) {
      const names = spec.child('names');
      const [value, before] = [object.spec, old.spec];
      return [
        ...(isEstablished(old)
          ? [
              ...immutable(value.scope, before.scope, spec.child('scope')),
              ...immutable(value.names?.kind, before.names?.kind, names.child('kind')),
            ]
          : []),
        ...immutable(value.group, before.group, spec.child('group')),
        ...immutable(value.names?.plural, before.names?.plural, names.child('plural')),
      ];
    },
    validateStatusUpdate: (object) =>
      namesErrors(object.status?.acceptedNames ?? {}, fieldPath('status', 'acceptedNames')),
  },
  columns: [nameColumn, createdAtColumn],
};
