import { describe, expect, it } from 'vitest';
import { parseArguments, type UpOptions } from './options.ts';

function parse(...argv: string[]): UpOptions | string {
  let problem = '';
  const invocation = parseArguments(['up', ...argv], {
    out: () => undefined,
    err: (text) => (problem += text),
  });
  return invocation.kind === 'up' ? invocation.options : problem;
}

describe('options of drydock up', () => {
  it.each([
    ['RBAC', 'RBAC'],
    ['AlwaysAllow', 'AlwaysAllow'],
    ['RBAC,AlwaysAllow', 'AlwaysAllow'],
  ])('--authorization-mode %s', (given, expected) => {
    expect(parse('--authorization-mode', given)).toMatchObject({ authorizationMode: expected });
  });

  it('refuses modes that it does not have', () => {
    expect(parse('--authorization-mode', 'RBAC,Webhook')).toContain('AlwaysAllow, RBAC');
  });

  it("takes kube-apiserver's flags for admission plugins", () => {
    const options = parse(
      '--enable-admission-plugins=LimitRanger,ResourceQuota',
      '--disable-admission-plugins=ServiceAccount,DefaultTolerationSeconds',
    );
    expect(options).toMatchObject({
      disableAdmissionPlugins: ['ServiceAccount', 'DefaultTolerationSeconds'],
    });
  });

  it.each([
    [['--disable-admission-plugins=Nothing'], 'Kubernetes has no Nothing'],
    [['--enable-admission-plugins=AlwaysPullImages'], 'There is no AlwaysPullImages here'],
    [
      ['--enable-admission-plugins=Priority', '--disable-admission-plugins=Priority'],
      'Priority is in enable-admission-plugins and in disable-admission-plugins',
    ],
  ])('refuses %s', (argv, problem) => {
    expect(parse(...argv)).toContain(problem);
  });
});
