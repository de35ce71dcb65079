import { library, type Library } from '../library.ts';

/** What expressions need that make JSON patches. */
export const jsonPatchLibrary: Library = library([
  [
    'jsonpatch.escapeKey',
    '(string) string',
    (key: string) => key.replaceAll('~', '~0').replaceAll('/', '~1'),
  ],
]);
