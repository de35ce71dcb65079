import { badRequest, expired } from '@drydock/base/apimachinery';

/** Where a list goes on. */
export interface ContinueToken {
  /** The revision of the first page; -1 continues at whatever is newest. */
  readonly revision: number;
  /** The first key not yet returned. */
  readonly start: string;
  /** Items from `start` on, where that was told to the client. */
  readonly remaining: number | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Opaque text for the client, safe in a URL. */
export function encodeContinue(token: ContinueToken): string {
  const json = JSON.stringify({
    v: 'meta.k8s.io/v1',
    rv: token.revision,
    start: token.start,
    left: token.remaining,
  });
  const binary = String.fromCharCode(...encoder.encode(json));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @throws ApiError 400 when the text is not a token of ours */
export function decodeContinue(text: string): ContinueToken {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const json: unknown = JSON.parse(decoder.decode(Uint8Array.from(binary, (char) => char.charCodeAt(0))));
    const { v, rv, start, left } = json as Record<string, unknown>;
    if (v === 'meta.k8s.io/v1' && Number.isSafeInteger(rv) && typeof start === 'string' && start !== '') {
      const revision = rv as number;
      if (revision > 0 || revision === -1) {
        return { revision, start, remaining: typeof left === 'number' ? left : undefined };
      }
    }
  } catch {
    // Falls through to the one answer for everything that is no token.
  }
  throw badRequest('continue key is not valid: illegal base64 data or format');
}

/** 410: the page's revision is gone. The error's continue token lets a client go on inconsistently. */
export function continueExpired(token: ContinueToken): Error {
  const error = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
      'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
      'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
      'deleted between the time the first chunk was returned and now may show up in the list.',
  );
  error.status.metadata.continue = encodeContinue({ revision: -1, start: token.start, remaining: undefined });
  return error;
}
