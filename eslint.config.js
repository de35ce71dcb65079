// Lint wall. The import law between packages and rooms is in .dependency-cruiser.cjs; this file holds the rest:
// no ambient time, randomness or Node in the neutral rooms, and the size of files.
import tseslint from 'typescript-eslint';

const neutral = [
  'libs/base/**/*.ts',
  'libs/api/**/*.ts',
  'libs/port/**/*.ts',
  'libs/server/**/*.ts',
  'libs/machinery/**/*.ts',
  'libs/controllers/**/*.ts',
  'libs/scheduling/**/*.ts',
  'libs/node/**/*.ts',
];

const ambient = [
  ['setTimeout', 'Use the injected Clock.'],
  ['setInterval', 'Use the injected Clock.'],
  ['setImmediate', 'Use the injected Clock.'],
  ['performance', 'Use the injected Clock.'],
  ['process', 'Neutral rooms know no process.'],
  ['Buffer', 'Use Uint8Array, TextEncoder and TextDecoder.'],
  ['crypto', 'Use the injected Random.'],
  ['console', 'Use the injected Logger.'],
].map(([name, message]) => ({ name, message }));

export default tseslint.config(
  {
    ignores: ['**/node_modules/**', '**/gen/**', 'dist/**', '.nx/**', 'coverage/**', '.drydock/**'],
  },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      // The compiler says it (noUnusedLocals, noUnusedParameters).
      '@typescript-eslint/no-unused-vars': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      eqeqeq: ['error', 'always'],
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: false } }],
      'max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: neutral,
    ignores: ['libs/base/clock/system-*.ts', '**/*.spec.ts', 'libs/port/*-suite/**'],
    rules: {
      'no-restricted-globals': ['error', ...ambient],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'Use the injected Clock.' },
        { object: 'Math', property: 'random', message: 'Use the injected Random.' },
        ...ambient.map(({ name, message }) => ({ object: 'globalThis', property: name, message })),
      ],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Use the injected Clock.',
        },
      ],
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*'], message: 'Only adapters and apps import Node.' }] },
      ],
    },
  },
  {
    files: ['**/*.spec.ts', '**/*.spec/**/*.ts', 'libs/port/*-suite/**', 'e2e/**', 'bench/**', 'tools/**'],
    rules: { 'max-lines': ['error', { max: 1200 }] },
  },
);
