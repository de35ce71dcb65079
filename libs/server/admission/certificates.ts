import type { CertificateSigningRequest } from '@drydock/api/certificates/v1';
import { forbidden } from '@drydock/base/apimachinery';
import type { Authorizer } from '../authz/index.ts';
import type { AdmissionPlugin, AdmissionRequest } from './types.ts';

const group = 'certificates.k8s.io';
const resource = 'certificatesigningrequests';
const clientSigner = 'kubernetes.io/kube-apiserver-client';
const superusers = 'system:masters';

/** Whether the user may do this for the signer, or for all signers of its domain. */
async function mayFor(
  authorizer: Authorizer,
  { context }: AdmissionRequest,
  verb: string,
  signer: string,
): Promise<boolean> {
  const [domain = ''] = signer.split('/');
  for (const name of [signer, `${domain}/*`]) {
    const { allowed } = await authorizer.authorize({
      user: context.user,
      verb,
      resource: { group, version: 'v1', resource: 'signers', subresource: '', namespace: '', name },
    });
    if (allowed) return true;
  }
  return false;
}

async function requireSigner(
  authorizer: Authorizer,
  request: AdmissionRequest,
  verb: 'approve' | 'sign',
): Promise<void> {
  const signer = ((request.old ?? request.object) as CertificateSigningRequest).spec?.signerName ?? '';
  if (await mayFor(authorizer, request, verb, signer)) return;
  throw forbidden(
    { group, resource },
    request.name,
    `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`,
  );
}

const concerns = (definition: { group: string; resource: string }): boolean =>
  definition.group === group && definition.resource === resource;

/** Kubernetes' CertificateApproval: who decides about a request must be allowed to, for its signer. */
export function certificateApproval(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    handles: (definition, subresource, operation) =>
      concerns(definition) && subresource === 'approval' && operation === 'UPDATE',
    validate: (request) => requireSigner(authorizer, request, 'approve'),
  };
}

/** Kubernetes' CertificateSigning: who puts a certificate in must be allowed to, for its signer. */
export function certificateSigning(authorizer: Authorizer): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    handles: (definition, subresource, operation) =>
      concerns(definition) && subresource === 'status' && operation === 'UPDATE',
    validate(request) {
      const [now, before] = [request.object, request.old].map(
        (one) => (one as CertificateSigningRequest | undefined)?.status,
      );
      const failed = (status: CertificateSigningRequest['status']) =>
        (status?.conditions ?? []).some(({ type }) => type === 'Failed');
      if (now?.certificate === before?.certificate && failed(now) === failed(before)) return;
      return requireSigner(authorizer, request, 'sign');
    },
  };
}

/** The organizations that a request names: of its DER, what stands behind the identifier 2.5.4.10. */
function organizations(base64: string | undefined): string[] {
  let pem: string;
  try {
    pem = atob(base64 ?? '');
    pem = atob(pem.replace(/-----[^-]+-----|\s/g, ''));
  } catch {
    return [];
  }
  const found: string[] = [];
  const mark = '\x06\x03\x55\x04\x0a';
  for (let at = pem.indexOf(mark); at >= 0; at = pem.indexOf(mark, at + 1)) {
    const length = pem.charCodeAt(at + mark.length + 1);
    if (length < 0x80) found.push(pem.slice(at + mark.length + 2, at + mark.length + 2 + length));
  }
  return found;
}

/** Kubernetes' CertificateSubjectRestriction: nobody asks for a certificate of the superusers. */
export function certificateSubjectRestriction(): AdmissionPlugin {
  return {
    name: 'CertificateSubjectRestriction',
    handles: (definition, subresource, operation) =>
      concerns(definition) && subresource === '' && operation === 'CREATE',
    validate({ object, name }) {
      const { spec } = object as CertificateSigningRequest;
      if (spec?.signerName !== clientSigner || !organizations(spec.request).includes(superusers)) return;
      throw forbidden(
        { group, resource },
        name,
        `use of ${clientSigner} signer with ${superusers} group is not allowed`,
      );
    },
  };
}
