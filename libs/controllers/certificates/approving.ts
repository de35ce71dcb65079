import { SubjectAccessReview } from '@drydock/api/authorization/v1';
import { CertificateSigningRequest } from '@drydock/api/certificates/v1';
import {
  createController,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import type { CertificateSigner, SigningRequestContent } from '@drydock/port/certificates';
import { requestText, stands } from './conditions.ts';
import { kubeletClientProblem, kubeletClientSigner } from './signers.ts';

const name = 'certificatesigningrequest-approving-controller';

/** What a node may be allowed: to renew its own certificate, or to ask for a first one. */
const permissions = [
  { subresource: 'selfnodeclient', self: true, what: 'self kubelet client certificate' },
  { subresource: 'nodeclient', self: false, what: 'kubelet client certificate' },
] as const;

/** `certificatesigningrequest-approving-controller`: approves the client certificates of kubelets that may have them. */
export function createCsrApprovingController(signer: CertificateSigner, deps: ControllerDeps): Controller {
  const { client, informers } = deps;
  const requests = informers.informer(CertificateSigningRequest);
  const resource = client.resource(CertificateSigningRequest);

  async function allowed({ spec }: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const { username, uid, groups, extra } = spec ?? {};
    const resourceAttributes = {
      group: 'certificates.k8s.io',
      resource: 'certificatesigningrequests',
      verb: 'create',
      subresource,
      version: '*',
    };
    const review = await client.resource(SubjectAccessReview).create({
      metadata: {},
      spec: {
        resourceAttributes,
        ...(username === undefined ? {} : { user: username }),
        ...(uid === undefined ? {} : { uid }),
        ...(groups === undefined ? {} : { groups }),
        ...(extra === undefined ? {} : { extra }),
      },
    } as SubjectAccessReview);
    return review.status?.allowed === true;
  }

  async function contentOf(request: CertificateSigningRequest): Promise<SigningRequestContent | undefined> {
    // What cannot be read is nothing to approve.
    return signer.read(requestText(request)).catch(() => undefined);
  }

  async function approve(request: CertificateSigningRequest, what: string): Promise<void> {
    const approved = {
      type: 'Approved',
      status: 'True',
      reason: 'AutoApproved',
      message: `Auto approving ${what} after SubjectAccessReview.`,
    };
    await resource.updateSubresource(request.metadata.name ?? '', 'approval', {
      ...request,
      status: { ...request.status, conditions: [...(request.status?.conditions ?? []), approved] },
    } as CertificateSigningRequest);
  }

  return createController(
    {
      name,
      sources: [
        source(CertificateSigningRequest, ({ metadata }, { deleted }) =>
          deleted ? [] : [metadata.name ?? ''],
        ),
      ],
      async reconcile(key) {
        const request = requests.get(key);
        if (request?.spec?.signerName !== kubeletClientSigner) return;
        if (request.status?.certificate || stands(request, 'Approved') || stands(request, 'Denied')) return;
        const content = await contentOf(request);
        if (content === undefined || kubeletClientProblem(content, request.spec.usages ?? []) !== undefined)
          return;
        const own = request.spec.username === content.commonName;
        const tried: string[] = [];
        for (const { subresource, self, what } of permissions) {
          if (self && !own) continue;
          tried.push(subresource);
          if (await allowed(request, subresource)) return approve(request, what);
        }
        throw new Error(
          `recognized csr ${JSON.stringify(key)} as [${tried.join(' ')}] but subject access review was not approved`,
        );
      },
    },
    deps,
  );
}
