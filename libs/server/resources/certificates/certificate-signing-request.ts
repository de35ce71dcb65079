import {
  cloneJson,
  conflict,
  formatTime,
  humanDuration,
  invalid,
  semanticEqual,
} from '@drydock/base/apimachinery';
import type { CertificateSigningRequest } from '@drydock/api/certificates/v1';
import type { Clock } from '@drydock/base/clock';
import type { ResourceDefinition, SubresourceHandler } from '../../registry/types.ts';
import { ageColumn, nameColumn, textColumn } from '../common/index.ts';
import { signingRequestChangeErrors, signingRequestErrors } from './csr-errors.ts';

const group = 'certificates.k8s.io';
const kind = 'CertificateSigningRequest';
const resource = 'certificatesigningrequests';

/** New and changed conditions say when they came; unchanged ones keep what they say. */
function stampConditions(
  object: CertificateSigningRequest,
  old: CertificateSigningRequest,
  clock: Clock,
): void {
  const now = formatTime(clock.now());
  for (const condition of object.status?.conditions ?? []) {
    const before = old.status?.conditions?.find(({ type }) => type === condition.type);
    const known =
      before !== undefined && before.status === condition.status ? before.lastTransitionTime : undefined;
    condition.lastTransitionTime ??= known ?? now;
    condition.lastUpdateTime ??= semanticEqual(before, condition) ? before?.lastUpdateTime : now;
  }
}

const approval: SubresourceHandler = {
  kind,
  verbs: ['get', 'update', 'patch'],
  get: (request) => request.parent(),
  update(request, body) {
    const wanted = body as CertificateSigningRequest;
    return request.updateParent((draft) => {
      const object = draft as CertificateSigningRequest;
      const version = wanted.metadata.resourceVersion;
      if (version !== undefined && version !== '' && version !== object.metadata.resourceVersion) {
        throw conflict({ group, resource }, request.name);
      }
      const old = cloneJson(object);
      const { labels, annotations, finalizers, ownerReferences } = wanted.metadata;
      object.metadata = { ...object.metadata, labels, annotations, finalizers, ownerReferences };
      const conditions = wanted.status?.conditions;
      object.status = { ...object.status };
      if (conditions === undefined) delete object.status.conditions;
      else object.status.conditions = cloneJson(conditions);
      stampConditions(object, old, request.context.clock);
      const errors = [
        ...signingRequestErrors(object),
        ...signingRequestChangeErrors(object, old, 'approval'),
      ];
      if (errors.length > 0) throw invalid({ group, kind }, request.name, errors);
    });
  },
};

function conditionText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean =>
    (status?.conditions ?? []).some((condition) => condition.type === type);
  const decided = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  const failed = has('Failed') ? ',Failed' : '';
  return `${decided}${failed}${(status?.certificate ?? '') === '' ? '' : ',Issued'}`;
}

/** certificates.k8s.io/v1 CertificateSigningRequest: asks a signer for a certificate. */
export const certificateSigningRequestDefinition: ResourceDefinition<CertificateSigningRequest> = {
  group,
  version: 'v1',
  kind,
  resource,
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  namespaced: false,
  schema: 'k8s.io.api.certificates.v1.CertificateSigningRequest',
  status: true,
  subresources: { approval },
  selectableFields: { 'spec.signerName': (object) => object.spec?.signerName ?? '' },
  strategy: {
    nameFormat: 'path',
    generation: false,
    prepareForCreate(object, { user }) {
      // Who asks is told by the server, not by the request.
      const { username: _name, uid: _uid, groups: _groups, extra: _extra, ...rest } = object.spec ?? {};
      object.spec = { ...rest, username: user.name } as CertificateSigningRequest['spec'];
      if (user.uid !== undefined && user.uid !== '') object.spec.uid = user.uid;
      if (user.groups.length > 0) object.spec.groups = [...user.groups];
      if (user.extra !== undefined) {
        const extra = Object.entries(user.extra).map(([key, values]): [string, string[]] => [
          key,
          [...values],
        ]);
        if (extra.length > 0) object.spec.extra = Object.fromEntries(extra);
      }
      object.status = {};
    },
    prepareForUpdate(object, old) {
      // Only metadata changes here: a request stands as it was made.
      object.spec = cloneJson(old.spec);
    },
    prepareForStatusUpdate(object, old, { clock }) {
      stampConditions(object, old, clock);
    },
    validate: signingRequestErrors,
    validateUpdate: (object, old) => signingRequestChangeErrors(object, old, 'main'),
    validateStatusUpdate: (object, old) => [
      ...signingRequestErrors(object),
      ...signingRequestChangeErrors(object, old, 'status'),
    ],
  },
  columns: [
    nameColumn,
    ageColumn,
    textColumn('SignerName', 'Who is to sign.', ({ spec }) =>
      (spec?.signerName ?? '') === '' ? '<none>' : spec.signerName,
    ),
    textColumn('Requestor', 'Who asked.', (object) => object.spec?.username ?? ''),
    textColumn('RequestedDuration', 'How long it is to be valid.', ({ spec }) => {
      return spec?.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000);
    }),
    textColumn('Condition', 'How it stands.', conditionText),
  ],
};
