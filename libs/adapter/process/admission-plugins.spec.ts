import { describe, expect, it } from 'vitest';
import { missingAdmissionPlugins, unknownAdmissionPlugins } from './admission-plugins.ts';

describe('names of admission plugins', () => {
  it("tells Kubernetes' from others", () => {
    expect(unknownAdmissionPlugins(['ServiceAccount', 'AlwaysPullImages', 'Nothing', 'toString'])).toEqual([
      'Nothing',
      'toString',
    ]);
  });

  it('tells those that are here from those that are not', () => {
    expect(missingAdmissionPlugins(['ResourceQuota', 'AlwaysPullImages', 'Nothing'])).toEqual([
      'AlwaysPullImages',
      'Nothing',
    ]);
  });
});
