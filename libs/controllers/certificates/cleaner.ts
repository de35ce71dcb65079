import { CertificateSigningRequest } from '@drydock/api/certificates/v1';
import { isNotFound, TerminalError, tryParseTime } from '@drydock/base/apimachinery';
import {
  createController,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';
import type { CertificateReader } from '@drydock/port/certificates';

const name = 'certificatesigningrequest-cleaner-controller';
const hourMs = 3_600_000;
/** How long requests are kept: those that were decided, and those that nobody looked at. */
const decidedMs = hourMs;
const pendingMs = 24 * hourMs;

/**
 * When a request is to go, milliseconds since the epoch; Infinity for one that waits to be signed.
 * @throws Error when it has a certificate that cannot be read: nobody knows then, and it stays
 */
export function endOf(request: CertificateSigningRequest, certificates: CertificateReader): number {
  const conditions = request.status?.conditions ?? [];
  if (conditions.length === 0)
    return (tryParseTime(request.metadata.creationTimestamp ?? '') ?? Infinity) + pendingMs;
  const { certificate = '' } = request.status ?? {};
  const issued = certificate !== '';
  const decided = ['Denied', 'Failed', ...(issued ? ['Approved'] : [])];
  const endsMs = issued ? certificates.endMs(atob(certificate)) + 1 : Infinity;
  const times = conditions
    .filter(({ type }) => decided.includes(type))
    .map(({ lastUpdateTime }) => (tryParseTime(lastUpdateTime ?? '') ?? Infinity) + decidedMs);
  const approved = conditions.some(({ type }) => type === 'Approved');
  return Math.min(...times, approved ? endsMs : Infinity);
}

/**
 * `certificatesigningrequest-cleaner-controller`: removes requests an hour after they were decided, a day after nobody did,
 * and those whose certificate has ended.
 */
export function createCsrCleaner(certificates: CertificateReader, deps: ControllerDeps): Controller {
  const { client, informers, clock } = deps;
  const requests = informers.informer(CertificateSigningRequest);

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
        if (request === undefined) return;
        let left: number;
        try {
          left = endOf(request, certificates) - clock.now();
        } catch (error) {
          throw new TerminalError((error as Error).message, { cause: error });
        }
        if (left === Infinity) return;
        if (left > 0) return { requeueAfterMs: left };
        const { uid } = request.metadata;
        try {
          await client
            .resource(CertificateSigningRequest)
            .delete(key, uid === undefined ? {} : { preconditions: { uid } });
        } catch (error) {
          if (!isNotFound(error)) throw error;
        }
      },
    },
    deps,
  );
}
