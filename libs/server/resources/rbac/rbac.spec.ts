import { describe, expect, it } from 'vitest';
import { createErrors, created, sample, tableRow, updateErrors } from '../common/definition.spec-support.ts';
import { clusterRoleBindingDefinition } from './cluster-role-binding.ts';
import { clusterRoleDefinition } from './cluster-role.ts';
import { roleBindingDefinition } from './role-binding.ts';
import { roleDefinition } from './role.ts';

const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'r' };
const clusterRef = { ...roleRef, kind: 'ClusterRole' };

describe('Role and ClusterRole', () => {
  it.each([
    ['a plain rule', { verbs: ['get'], apiGroups: [''], resources: ['pods'] }, []],
    [
      'an empty rule',
      {},
      [
        'rules[0].verbs: Required value: verbs must contain at least one value',
        'rules[0].apiGroups: Required value: resource rules must supply at least one api group',
        'rules[0].resources: Required value: resource rules must supply at least one resource',
      ],
    ],
    [
      'a path',
      { verbs: ['get'], nonResourceURLs: ['/healthz'] },
      [
        'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: namespaced rules cannot apply to non-resource URLs',
      ],
    ],
  ])('check %s', (_name, rule, errors) => {
    expect(createErrors(roleDefinition, { rules: [rule] })).toEqual(errors);
  });

  it('of the cluster may be about paths, and may gather others', () => {
    const rule = { verbs: ['get'], nonResourceURLs: ['/healthz'] };
    expect(createErrors(clusterRoleDefinition, { rules: [rule] })).toEqual([]);
    expect(createErrors(clusterRoleDefinition, { rules: [{ ...rule, resources: ['pods'] }] })).toEqual([
      'rules[0].nonResourceURLs: Invalid value: ["/healthz"]: rules cannot apply to both regular resources and non-resource URLs',
    ]);
    expect(createErrors(clusterRoleDefinition, { aggregationRule: {} })).toEqual([
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ]);
  });

  it('print when they were created', () => {
    expect(tableRow(roleDefinition, sample(roleDefinition, {}))).toEqual({
      Name: 'x',
      'Created At': created,
    });
  });
});

describe('RoleBinding and ClusterRoleBinding', () => {
  it('fill in groups', () => {
    const subjects = [
      { kind: 'User', name: 'alice' },
      { kind: 'ServiceAccount', name: 'sa', namespace: 'n' },
    ];
    const object = sample(roleBindingDefinition, { roleRef: { kind: 'Role', name: 'r' }, subjects });
    expect(object.roleRef.apiGroup).toBe('rbac.authorization.k8s.io');
    expect(object.subjects?.map(({ apiGroup }) => apiGroup)).toEqual([
      'rbac.authorization.k8s.io',
      undefined,
    ]);
  });

  it.each([
    ['a plain one', { roleRef }, []],
    [
      'no role',
      {},
      [
        'roleRef.apiGroup: Unsupported value: "": supported values: "rbac.authorization.k8s.io"',
        'roleRef.kind: Unsupported value: "": supported values: "Role", "ClusterRole"',
        'roleRef.name: Required value',
      ],
    ],
    [
      'an unknown subject',
      { roleRef, subjects: [{ kind: 'Robot', name: 'r2' }] },
      ['subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
    ],
    [
      'an account of a group',
      { roleRef, subjects: [{ kind: 'ServiceAccount', name: 'sa', apiGroup: 'v1' }] },
      ['subjects[0].apiGroup: Unsupported value: "v1": supported values: ""'],
    ],
  ])('check %s', (_name, fields, errors) => {
    expect(createErrors(roleBindingDefinition, fields)).toEqual(errors);
  });

  it('of the cluster are for ClusterRoles and accounts of some namespace', () => {
    expect(
      createErrors(clusterRoleBindingDefinition, {
        roleRef,
        subjects: [{ kind: 'ServiceAccount', name: 'sa' }],
      }),
    ).toEqual([
      'roleRef.kind: Unsupported value: "Role": supported values: "ClusterRole"',
      'subjects[0].namespace: Required value',
    ]);
  });

  it('keep their role', () => {
    expect(updateErrors(roleBindingDefinition, { roleRef: clusterRef }, { roleRef })).toEqual([
      'roleRef: Invalid value: {"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"r"}: cannot change roleRef',
    ]);
  });

  it('print as kubectl knows them', () => {
    const subjects = [
      { kind: 'User', name: 'alice' },
      { kind: 'User', name: 'bob' },
      { kind: 'Group', name: 'staff' },
      { kind: 'ServiceAccount', name: 'sa', namespace: 'n' },
    ];
    expect(
      tableRow(
        clusterRoleBindingDefinition,
        sample(clusterRoleBindingDefinition, { roleRef: clusterRef, subjects }),
      ),
    ).toEqual({
      Name: 'x',
      Role: 'ClusterRole/r',
      Age: '5m',
      'Users+': 'alice, bob',
      'Groups+': 'staff',
      'ServiceAccounts+': 'n/sa',
    });
  });
});
