import { CertificateSigningRequest } from '@drydock/api/certificates/v1';
import { isNotFound, tryParseTime } from '@drydock/base/apimachinery';
import {
  createController,
  source,
  type Controller,
  type ControllerDeps,
} from '@drydock/machinery/controller';

const name = 'certificatesigningrequest-cleaner-controller';
const hourMs = 3_600_000;
/** How long requests are kept: those that were decided, and those that nobody looked at. */
const decidedMs = hourMs;
const pendingMs = 24 * hourMs;

/** When a request is to go, milliseconds since the epoch; Infinity for one that waits to be signed. */
export function endOf(request: CertificateSigningRequest): number {
  const conditions = request.status?.conditions ?? [];
  if (conditions.length === 0)
    return (tryParseTime(request.metadata.creationTimestamp ?? '') ?? Infinity) + pendingMs;
  const issued = (request.status?.certificate ?? '') !== '';
  const decided = ['Denied', 'Failed', ...(issued ? ['Approved'] : [])];
  const times = conditions
    .filter(({ type }) => decided.includes(type))
    .map(({ lastUpdateTime }) => (tryParseTime(lastUpdateTime ?? '') ?? Infinity) + decidedMs);
  return Math.min(...times);
}

/** `certificatesigningrequest-cleaner-controller`: removes requests an hour after they were decided, or a day after nobody did. */
export function createCsrCleaner(deps: ControllerDeps): Controller {
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
        const left = endOf(request) - clock.now();
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
