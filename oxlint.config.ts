// Lint wall. The import law between packages and rooms is in .dependency-cruiser.cjs; this file holds the rest:
// no ambient time, randomness or Node in the neutral rooms, and the size of files.
import { defineConfig } from 'oxlint';

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
].map(([name = '', message = '']) => ({ name, message }));

export default defineConfig({
  plugins: ['eslint', 'typescript', 'oxc'],
  jsPlugins: ['./tools/lint-clock.js'],
  categories: { correctness: 'error' },
  ignorePatterns: ['**/node_modules/**', '**/gen/**', 'dist/**', '.nx/**', 'coverage/**', '.drydock/**'],
  rules: {
    // The compiler says it (noUnusedLocals, noUnusedParameters).
    'eslint/no-unused-vars': 'off',
    'typescript/consistent-type-imports': 'error',
    'typescript/ban-ts-comment': 'error',
    'typescript/no-array-constructor': 'error',
    'typescript/no-empty-object-type': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-namespace': 'error',
    'typescript/no-require-imports': 'error',
    'typescript/no-unnecessary-type-constraint': 'error',
    'typescript/no-unsafe-function-type': 'error',
    'eslint/eqeqeq': ['error', 'always'],
    'eslint/no-control-regex': 'off',
    'eslint/no-var': 'error',
    'eslint/prefer-const': 'error',
    'eslint/prefer-rest-params': 'error',
    'eslint/prefer-spread': 'error',
    'eslint/no-unused-expressions': 'error',
    'eslint/no-restricted-exports': ['error', { restrictDefaultExports: { direct: true, named: true } }],
    'eslint/max-lines': ['error', { max: 600, skipBlankLines: true, skipComments: true }],
  },
  overrides: [
    {
      files: neutral,
      excludeFiles: ['libs/base/clock/system-*.ts', '**/*.spec.ts', 'libs/port/*-suite/**'],
      rules: {
        'clock/no-ambient-date': 'error',
        'eslint/no-restricted-globals': ['error', ...ambient],
        'eslint/no-restricted-properties': [
          'error',
          { object: 'Date', property: 'now', message: 'Use the injected Clock.' },
          { object: 'Math', property: 'random', message: 'Use the injected Random.' },
          ...ambient.map(({ name, message }) => ({ object: 'globalThis', property: name, message })),
        ],
        'eslint/no-restricted-imports': [
          'error',
          { patterns: [{ group: ['node:*'], message: 'Only adapters and apps import Node.' }] },
        ],
      },
    },
    {
      files: ['**/*.spec.ts', '**/*.spec/**/*.ts', 'libs/port/*-suite/**', 'e2e/**', 'bench/**', 'tools/**'],
      rules: { 'eslint/max-lines': ['error', { max: 1200 }] },
    },
    {
      // What their readers ask for.
      files: ['*.config.ts', 'tools/lint-clock.js', 'tools/tally-reporter.ts'],
      rules: { 'eslint/no-restricted-exports': 'off' },
    },
  ],
});
