import { CertificateSigningRequest } from '@drydock/api/certificates/v1';
import {
  createController,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import type { CertificateSigner } from '@drydock/port/certificates';
import { requestText, stands } from './conditions.ts';
import { isOwnSigner, signerProblem } from './signers.ts';

const name = 'certificatesigningrequest-signing-controller';
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const defaultMs = 365 * 24 * hourMs;
const minMs = 10 * minuteMs;
/** Certificates begin a little before now, for clocks that are behind. */
const backdateMs = 5 * minuteMs;
/** Certificates of at most this long are not shortened by that. */
const shortMs = 8 * hourMs;

/** How long a certificate lasts. `expirationSeconds` outside of what is possible is brought into it. */
export function validity(nowMs: number, expirationSeconds: number | undefined) {
  const asked = expirationSeconds === undefined ? defaultMs : expirationSeconds * 1_000;
  const ttlMs = Math.min(Math.max(asked, minMs), defaultMs);
  const notBeforeMs = nowMs - backdateMs;
  return { notBeforeMs, notAfterMs: ttlMs <= shortMs ? nowMs + ttlMs : notBeforeMs + ttlMs };
}

/** `certificatesigningrequest-signing-controller`: signs approved requests for the signers of kubernetes.io. */
export function createCsrSigningController(signer: CertificateSigner, deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const requests = informers.informer(CertificateSigningRequest);
  const resource = client.resource(CertificateSigningRequest);

  async function fail(request: CertificateSigningRequest, message: string): Promise<void> {
    const conditions = request.status?.conditions ?? [];
    const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message };
    await resource.updateStatus({
      ...request,
      status: { ...request.status, conditions: [...conditions, failed] },
    });
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
        if (request?.spec === undefined || !isOwnSigner(request.spec.signerName)) return;
        if (!stands(request, 'Approved') || stands(request, 'Denied') || stands(request, 'Failed')) return;
        if (request.status?.certificate) return;
        const text = requestText(request);
        const usages = request.spec.usages ?? [];
        let problem: string | undefined;
        try {
          problem = signerProblem(request.spec.signerName, await signer.read(text), usages);
        } catch (error) {
          problem = `unable to parse csr ${JSON.stringify(key)}: ${error instanceof Error ? error.message : String(error)}`;
        }
        if (problem !== undefined) return fail(request, problem);
        const certificate = await signer.sign(text, {
          usages,
          ...validity(clock.now(), request.spec.expirationSeconds),
        });
        await resource.updateStatus({
          ...request,
          status: { ...request.status, certificate: btoa(certificate) },
        });
      },
    },
    deps,
  );
}
