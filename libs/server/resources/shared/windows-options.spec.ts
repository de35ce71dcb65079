import { describe, expect, it } from 'vitest';
import { fieldPath, formatFieldError } from '@drydock/base/apimachinery';
import { hostProcessErrors, windowsOptionErrors } from './windows-options.ts';

describe('who a container of Windows runs as', () => {
  const details = (options: object) =>
    windowsOptionErrors(options, fieldPath('w')).map(({ field, detail }) => `${field}: ${detail}`);
  const user = "runAsUserName's User";
  const domain = "runAsUserName's Domain";
  const format = `${domain} doesn't match the NetBios nor the DNS format`;

  it.each<[name: string, ...expected: string[]]>([
    ['Administrator'],
    ['corp\\user'],
    ['sub.corp.example\\user'],
    ['', 'runAsUserName cannot be an empty string'],
    ['a\tb', 'runAsUserName cannot contain control characters'],
    ['a\\b\\c', 'runAsUserName cannot contain more than one backslash'],
    ['\\user', format],
    ['corp\\', `${user} cannot be empty`],
    ['.corp\\user', format],
    ['NetBios aaaaaaaa\\user', format],
    [`${'a'.repeat(64)}.example\\user`, format],
    ['u'.repeat(105), `${user} length must not be longer than 104 characters`],
    ['... ...', `${user} cannot contain only periods or spaces`],
    ['a/b', `${user} cannot contain the following characters: "/\\:;|=,+*?<>@[]`],
  ])('%j', (runAsUserName, ...expected) => {
    expect(details({ runAsUserName })).toEqual(expected.map((one) => `w.runAsUserName: ${one}`));
  });

  it('has credentials that are named or given', () => {
    expect(details({ gmsaCredentialSpec: '' })).toEqual([
      'w.gmsaCredentialSpec: gmsaCredentialSpec cannot be an empty string',
    ]);
    expect(details({ gmsaCredentialSpec: 'x'.repeat(64 * 1024 + 1) })).toEqual([
      'w.gmsaCredentialSpec: gmsaCredentialSpec size must be under 64 KiB',
    ]);
    expect(details({ gmsaCredentialSpecName: 'Not_A_Name' })).toHaveLength(1);
  });
});

describe('containers that are processes of the node', () => {
  const container = (hostProcess?: boolean) => ({
    name: 'c',
    image: 'x',
    ...(hostProcess === undefined ? {} : { securityContext: { windowsOptions: { hostProcess } } }),
  });
  const errors = (hostNetwork: boolean, whole: boolean | undefined, ...own: (boolean | undefined)[]) =>
    hostProcessErrors(
      {
        hostNetwork,
        containers: own.map(container),
        ...(whole === undefined ? {} : { securityContext: { windowsOptions: { hostProcess: whole } } }),
      },
      fieldPath('spec'),
    ).map(formatFieldError);

  it('are all of them, in the node’s network', () => {
    expect(errors(false, undefined, undefined)).toEqual([]);
    expect(errors(true, true, undefined, undefined)).toEqual([]);
    expect(errors(false, undefined, true, undefined)).toEqual([
      'spec: Invalid value: "": If pod contains any hostProcess containers then all containers must be HostProcess containers',
      'spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
    ]);
    expect(errors(true, true, false, undefined)[0]).toBe(
      'spec.containers[0].securityContext.windowsOptions.hostProcess: Invalid value: false: pod hostProcess value must be identical if both are specified, was true',
    );
  });
});
