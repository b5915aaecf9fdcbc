import { builtinModules } from 'node:module';
// @ts-expect-error It has no types.
import jsxA11y from 'eslint-plugin-jsx-a11y';
import reactHooks from 'eslint-plugin-react-hooks';
import tseslint from 'typescript-eslint';

/** Code of a page: another program, since it has the types of a browser. */
const PAGE = ['src-renderer/**/*.{ts,tsx}', 'test/view/**/*.{ts,tsx}'];
const TYPESCRIPT = ['src-*/**/*.ts', 'test/**/*.ts', 'vitest.config.ts', ...PAGE];

/** Folders whose behaviour is a function of their inputs alone: time and randomness are handed in. */
const ENGINE = ['src-engine/**/*.ts', 'src-pairing/**/*.ts'];
const POLICY = [
  'src-daemon/roaming/**/*.ts',
  'src-daemon/connection/**/*.ts',
  'src-daemon/health/**/*.ts',
  'src-box/nat/**/*.ts',
];
/** Composition roots stay small, or the wiring hides policy. */
const ROOTS = [
  'src-daemon/daemon.ts',
  'src-box/box.ts',
  'src-engine/engine.ts',
  'src-{daemon,box,cli,main}/main.ts',
];

const IMPORT_STYLE = [
  {
    regex: '^\\.{1,2}/.*(?<!\\.(ts|tsx|mjs|json|css))$',
    message: 'Name the file with its extension (./file.ts).',
  },
  {
    regex: `^(${builtinModules.filter((name) => !name.startsWith('_')).join('|')})$`,
    message: 'Write the node: prefix.',
  },
];
const NO_CHILD_PROCESS = {
  group: ['child_process', 'node:child_process'],
  message: 'Programs are started by src-platform/exec.ts alone.',
};

const HIDDEN_INPUTS = [
  ...['Date', 'performance', 'setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'].map((name) => ({
    name,
    message: 'Time is an argument here (`now`), and deadlines are returned to the driver.',
  })),
  ...['process', 'console', 'globalThis', 'global', 'require', 'fetch'].map((name) => ({
    name,
    message: 'This code does no I/O: return an event or an effect.',
  })),
  { name: 'crypto', message: 'Randomness is injected.' },
];
const NO_RANDOM = {
  object: 'Math',
  property: 'random',
  message: 'Randomness is injected, so that every run can be repeated.',
};

const NO_STAR_EXPORT = {
  selector: 'ExportAllDeclaration',
  message: 'No barrels: import from the file that defines the thing.',
};
const NO_ASYNC = [
  { selector: 'AwaitExpression', message: 'The engine is synchronous: the driver decides when it runs.' },
  { selector: ':function[async=true]', message: 'The engine is synchronous: no promise per packet.' },
];
const NO_CLOCK_IN_SHARED = [
  { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: 'Hand the time in.' },
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'Hand the time in.',
  },
];

export default tseslint.config(
  { ignores: ['node_modules/', 'dist/', 'bin/', 'coverage/', 'src-native/build*/', '**/*.mjs', '**/*.cjs'] },
  {
    files: TYPESCRIPT,
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      // One program for everything: per-folder programs re-check shared files and take several times as long.
      parserOptions: { project: './tsconfig.lint.json', tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true, requireDefaultForNonUnion: false },
      ],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/only-throw-error': 'error',
      '@typescript-eslint/prefer-readonly': 'error',
      // Fakes and adapters keep the async signature of the interface that they implement.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'typeLike', format: ['PascalCase'] },
        { selector: 'function', format: ['camelCase'] },
        { selector: ['classMethod', 'typeMethod'], format: ['camelCase'], leadingUnderscore: 'forbid' },
        { selector: 'parameter', format: ['camelCase'], leadingUnderscore: 'allow' },
        {
          selector: 'variable',
          modifiers: ['const', 'global'],
          format: ['camelCase', 'UPPER_CASE', 'PascalCase'],
          leadingUnderscore: 'forbid',
          // Constants that the bundler writes in: __BOWLINE_VERSION__.
          filter: { regex: '^__[A-Z_]+__$', match: false },
        },
        {
          selector: 'variable',
          modifiers: ['destructured'],
          format: null,
        },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
      'no-empty': ['error', { allowEmptyCatch: false }],
      'no-eval': 'error',
      'no-param-reassign': 'off',
      'no-var': 'error',
      'prefer-const': 'error',
      'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'], location: 'anywhere' }],
      'no-restricted-exports': [
        'error',
        { restrictDefaultExports: { direct: true, named: true, defaultFrom: true, namedFrom: true } },
      ],
      'no-restricted-imports': ['error', { patterns: IMPORT_STYLE }],
      'no-restricted-syntax': ['error', NO_STAR_EXPORT],
      'max-lines': ['error', { max: 500 }],
    },
  },
  {
    files: ['src-*/**/*.ts'],
    ignores: ['src-platform/exec.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [...IMPORT_STYLE, NO_CHILD_PROCESS] }] },
  },
  {
    files: ['src-*/index.ts', 'src-native/lib/index.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['src-shared/**/*.ts'],
    rules: {
      'no-restricted-syntax': ['error', NO_STAR_EXPORT, ...NO_CLOCK_IN_SHARED],
      'no-restricted-properties': ['error', NO_RANDOM],
    },
  },
  {
    files: [...ENGINE, ...POLICY],
    rules: {
      'no-restricted-globals': ['error', ...HIDDEN_INPUTS],
      'no-restricted-properties': ['error', NO_RANDOM],
      'no-restricted-syntax': ['error', NO_STAR_EXPORT, ...NO_ASYNC],
    },
  },
  {
    files: ROOTS,
    rules: { 'max-lines': ['error', { max: 350 }] },
  },
  {
    // Programs that talk to a person or to a script on their standard streams.
    files: [
      'src-cli/**/*.ts',
      'src-{daemon,box}/main.ts',
      'test/lab/**/*.ts',
      'test/e2e/{screens,bench-window}.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['test/**/*.{ts,tsx}'],
    rules: {
      'max-lines': ['error', { max: 800 }],
      // Matchers and fakes are handed over as values all the time.
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: PAGE,
    plugins: { 'react-hooks': reactHooks },
    extends: [jsxA11y.flatConfigs.strict],
    languageOptions: { parserOptions: { project: './test/view/tsconfig.json' } },
    rules: {
      'react-hooks/rules-of-hooks': 'error',
      'react-hooks/exhaustive-deps': 'error',
      // Components are named like types, and styles come as the default export of a CSS module.
      '@typescript-eslint/naming-convention': [
        'error',
        { selector: 'typeLike', format: ['PascalCase'] },
        { selector: 'function', format: ['camelCase', 'PascalCase'] },
      ],
    },
  },
  {
    // The types of CSS modules, which have a default export.
    files: ['src-renderer/css.d.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
  {
    // Functions of the addon have no `this`.
    files: ['src-native/lib/**/*.ts'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  {
    // Vitest looks for the default export.
    files: ['vitest.config.ts'],
    rules: { 'no-restricted-exports': 'off' },
  },
);
