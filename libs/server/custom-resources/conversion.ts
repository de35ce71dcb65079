import type { KubeObject } from '@drydock/base/apimachinery';
import { cloneJson, internalError } from '@drydock/base/apimachinery';
import type { CustomResourceDefinition } from '@drydock/api/apiextensions/v1';
import type { Random } from '@drydock/base/clock';
import type { WebhookCaller } from '@drydock/port/webhook';
import { inStoredOrder } from '../watch-cache/index.ts';
import { readReview, reviewOf } from './conversion-review.ts';

/** Turns objects of a custom kind into another of its versions. */
export interface Converter {
  /** Copies of the objects in another version; a promise where somebody else does it. Rejects with ApiError 500. */
  convert(objects: readonly KubeObject[], apiVersion: string): KubeObject[] | Promise<KubeObject[]>;
}

/** Conversion `None`: only the version's name changes. */
const rename: Converter = {
  convert: (objects, apiVersion) =>
    objects.map((object) => inStoredOrder(cloneJson(object), apiVersion, object.kind ?? '')),
};

const timeoutMs = 30_000;

function byWebhook(crd: CustomResourceDefinition, webhooks: WebhookCaller, random: Random): Converter {
  const { clientConfig, conversionReviewVersions = [] } = crd.spec.conversion?.webhook ?? {};
  return {
    async convert(objects, apiVersion) {
      const [first] = objects;
      if (first === undefined) return [];
      const gvk = `${first.apiVersion}, Kind=${first.kind}`;
      const uid = random.uuid();
      try {
        const review = reviewOf(conversionReviewVersions, uid, apiVersion, objects);
        const answer = await webhooks.call(clientConfig ?? {}, review, { timeoutMs });
        return readReview(answer, uid, objects, apiVersion);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        throw internalError(
          `conversion webhook for ${gvk} ${why.startsWith('returned') ? why : `failed: ${why}`}`,
        );
      }
    },
  };
}

/** The converter that a definition asks for. */
export function converterOf(
  crd: CustomResourceDefinition,
  webhooks: WebhookCaller | undefined,
  random: Random,
): Converter {
  if (crd.spec.conversion?.strategy !== 'Webhook') return rename;
  if (webhooks !== undefined) return byWebhook(crd, webhooks, random);
  return {
    convert() {
      throw internalError('conversion webhooks cannot be called by this server');
    },
  };
}
