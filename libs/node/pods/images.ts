import type { Pod } from '@drydock/api/core/v1';
import { formatDuration } from '@drydock/base/apimachinery';
import { knob } from './knobs.ts';

/** The images that a node holds. */
export interface ImageStore {
  has(image: string): boolean;
  add(image: string): void;
}

const component = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const host =
  '(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?';
const reference = new RegExp(
  `^(?:${host}/)?${component}(?:/${component})*(?::\\w[\\w.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$`,
);

/** What is wrong with the name of an image, in the words of its parser; undefined when nothing is. */
function imageNameFault(image: string): string | undefined {
  if (reference.test(image)) return undefined;
  const [first = '', ...rest] = image.split('@')[0]!.split('/');
  const hasHost =
    rest.length > 0 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  const path = hasHost ? rest.join('/') : rest.length > 0 ? [first, ...rest].join('/') : `library/${first}`;
  const repository = path.replace(/:[^/]*$/, '');
  if (repository !== repository.toLowerCase() && reference.test(image.toLowerCase()))
    return `invalid reference format: repository name (${repository}) must be lowercase`;
  return 'invalid reference format';
}

/** With the tag that is meant where none is said. */
function tagged(image: string): string {
  return image.includes('@') || /:[^/]*$/.test(image) ? image : `${image}:latest`;
}

export function createImageStore(): ImageStore {
  const images = new Set<string>();
  return {
    has: (image) => images.has(tagged(image)),
    add: (image) => void images.add(tagged(image)),
  };
}

/** As the runtime names it: with its registry. */
function qualified(image: string): string {
  const [first = '', ...rest] = tagged(image).split('/');
  if (rest.length === 0) return `docker.io/library/${first}`;
  return /[.:]/.test(first) || first === 'localhost'
    ? [first, ...rest].join('/')
    : `docker.io/${tagged(image)}`;
}

/** Why a container's image cannot be had. */
export interface ImageFault {
  /** Reason of its waiting state. */
  readonly reason: string;
  readonly message: string;
  /** The Event that tells it before `Error: <reason>`. */
  readonly event: { readonly reason: string; readonly message: string } | undefined;
  /** A registry was asked: it is asked less and less often. */
  readonly pulled: boolean;
}

export type ImageStep =
  | { readonly kind: 'present' }
  | { readonly kind: 'pull' }
  | { readonly kind: 'fault'; readonly fault: ImageFault };

function pullFault(image: string, cause: string): ImageFault {
  return {
    reason: 'ErrImagePull',
    message: cause,
    event: { reason: 'Failed', message: `Failed to pull image ${JSON.stringify(image)}: ${cause}` },
    pulled: true,
  };
}

/** A fault that the annotation `image-error` asks for. */
function askedFault(image: string, text: string): ImageFault {
  const name = qualified(image);
  switch (text) {
    case 'ErrImagePull':
    case 'ImagePullBackOff':
      return pullFault(
        image,
        `rpc error: code = NotFound desc = failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${name}: not found`,
      );
    default:
      return /^[A-Z][A-Za-z]+$/.test(text)
        ? { reason: text, message: text, event: undefined, pulled: false }
        : pullFault(image, text);
  }
}

const absent =
  /:404$|(^|[^a-z0-9])(invalid|non-?existent|does-?not-?exist|no-?such-?(image|tag))([^a-z0-9]|$)/i;

/**
 * Whether an image says of itself that no registry has it: `nginx:non-existent`, `webserver:404`, `invalid.example/app`.
 * Simulated registries have every other.
 */
function saysThatItIsAbsent(image: string): boolean {
  return absent.test(image.split('@')[0] ?? image);
}

/** What a node does for the image of a container that is about to be created. */
export function imageStep(
  pod: Pod,
  container: { readonly name: string; readonly image?: string; readonly imagePullPolicy?: string },
  images: ImageStore,
): ImageStep {
  const { image = '', imagePullPolicy = 'IfNotPresent' } = container;
  const fault = imageNameFault(image);
  if (fault !== undefined) {
    const quoted = JSON.stringify(image);
    const message = `Failed to apply default image tag ${quoted}: couldn't parse image name ${quoted}: ${fault}`;
    const event = { reason: 'InspectFailed', message };
    return { kind: 'fault', fault: { reason: 'InvalidImageName', message, event, pulled: false } };
  }
  const asked = knob(pod, container.name, 'image-error');
  if (asked !== undefined && asked !== '') return { kind: 'fault', fault: askedFault(image, asked) };
  if (imagePullPolicy !== 'Always' && images.has(image)) return { kind: 'present' };
  if (imagePullPolicy !== 'Never') {
    // An empty annotation says that it is there all the same.
    if (asked === undefined && saysThatItIsAbsent(image))
      return { kind: 'fault', fault: askedFault(image, 'ErrImagePull') };
    return { kind: 'pull' };
  }
  const message = `Container image ${JSON.stringify(image)} is not present with pull policy of Never`;
  const reason = 'ErrImageNeverPull';
  return { kind: 'fault', fault: { reason, message, event: { reason, message }, pulled: false } };
}

/** A made-up size: the same image always has the same one, between 2 and 200 MB. */
function imageBytes(image: string): number {
  let hash = 0x811c9dc5;
  for (const character of tagged(image))
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return 2_000_000 + (hash % 198_000_000);
}

/** The message of the Event `Pulled`. */
export function pulledMessage(image: string, tookMs: number | undefined): string {
  const quoted = JSON.stringify(image);
  if (tookMs === undefined) return `Container image ${quoted} already present on machine`;
  const took = formatDuration(Math.floor(tookMs));
  return `Successfully pulled image ${quoted} in ${took} (${took} including waiting). Image size: ${imageBytes(image)} bytes.`;
}
