import { badRequest, expired, parseJson } from '@drydock/base/apimachinery';

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

function invalidToken(why: string): Error {
  return badRequest(`invalid continue token: continue key is not valid: ${why}`);
}

/** The text of a token: base64 for URLs without padding, as Go decodes it. */
function decodeBase64(text: string): string {
  const wrong = /[^A-Za-z0-9_-]/.exec(text)?.index ?? (text.length % 4 === 1 ? text.length - 1 : -1);
  if (wrong >= 0) throw invalidToken(`illegal base64 data at input byte ${wrong}`);
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return decoder.decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}

/** A place that reaches out of its collection would be no place of ours. */
function isClean(start: string): boolean {
  return start.split('/').every((part, at) => (part !== '' || at === 0) && part !== '.' && part !== '..');
}

/** @throws ApiError 400 in Kubernetes' words when the text is not a token of ours */
export function decodeContinue(text: string): ContinueToken {
  const plain = decodeBase64(text);
  let json: unknown;
  try {
    json = parseJson(plain);
  } catch (error) {
    throw invalidToken(error instanceof Error ? error.message : String(error));
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw invalidToken(
      `json: cannot unmarshal ${Array.isArray(json) ? 'array' : json === null ? 'null' : typeof json} into Go value of type storage.continueToken`,
    );
  }
  const { v = '', rv = 0, start = '', left } = json as Record<string, unknown>;
  if (v !== 'meta.k8s.io/v1') {
    throw badRequest(
      `invalid continue token: continue key is not valid: server does not recognize this encoded version ${String(v)}`,
    );
  }
  if (!Number.isSafeInteger(rv) || rv === 0)
    throw invalidToken('incorrect encoded start resourceVersion (version meta.k8s.io/v1)');
  if (typeof start !== 'string' || start === '')
    throw invalidToken('encoded start key empty (version meta.k8s.io/v1)');
  if (!isClean(start)) throw invalidToken(start);
  const revision = rv as number;
  return {
    revision: revision < 0 ? -1 : revision,
    start,
    remaining: typeof left === 'number' ? left : undefined,
  };
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
