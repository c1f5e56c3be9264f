// What ESLint checks: the walls' scripts are ES5 for televisions of 2014, the phone's are modules for phones of 2019.
import { createRequire } from 'node:module';

const installed = createRequire(process.cwd() + '/.venv/eslint/');
const recommended = installed('@eslint/js').configs.recommended;
const browser = installed('globals').browser;

const named = (object, names) => Object.fromEntries(names.map((name) => [name, object[name]]));
const ERRORS_FOR_ALL = {
  'array-callback-return': 'error',
  'block-scoped-var': 'error',
  'default-case-last': 'error',
  eqeqeq: 'error',
  'no-alert': 'error',
  'no-caller': 'error',
  'no-console': 'error',
  'no-constructor-return': 'error',
  'no-eval': 'error',
  'no-extend-native': 'error',
  'no-implied-eval': 'error',
  'no-irregular-whitespace': ['error', { skipStrings: true, skipTemplates: true }], // Chinese has a wide space
  'no-loop-func': 'error',
  'no-new-func': 'error',
  'no-new-wrappers': 'error',
  'no-promise-executor-return': 'error',
  'no-return-assign': 'error',
  'no-script-url': 'error',
  'no-self-compare': 'error',
  'no-sequences': 'error',
  'no-shadow': 'error',
  'no-template-curly-in-string': 'error',
  'no-throw-literal': 'error',
  'no-undef-init': 'error',
  'no-unmodified-loop-condition': 'error',
  'no-unreachable-loop': 'error',
  'no-unused-expressions': 'error',
  'no-unused-vars': ['error', { caughtErrors: 'none' }],
  'no-use-before-define': ['error', { functions: false, variables: false }],
  'no-useless-concat': 'error',
  'no-useless-return': 'error',
  radix: 'error',
  'no-restricted-properties': [
    'error',
    ...['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'createContextualFragment'].map((property) => ({
      property,
      message: 'What people wrote becomes text nodes, never markup.',
    })),
    { object: 'document', property: 'write', message: 'What people wrote becomes text nodes, never markup.' },
  ],
};

export default [
  { ...recommended, files: ['signage/static/*.js'] },
  {
    files: ['signage/static/*.js'],
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: ERRORS_FOR_ALL,
  },
  {
    files: ['signage/static/wall*.js'],
    languageOptions: {
      ecmaVersion: 5,
      sourceType: 'script',
      // What every one of those televisions has: no fetch, Promise, Map, URLSearchParams or observers in this list.
      globals: named(browser, [
        'window', 'document', 'location', 'navigator', 'XMLHttpRequest', 'EventSource', 'localStorage', 'performance',
        'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'requestAnimationFrame',
      ]),
    },
    rules: {
      'no-implicit-globals': 'error',
      'no-prototype-builtins': 'off', // Object.hasOwn is younger than the televisions
      strict: ['error', 'function'],
    },
  },
  {
    files: ['signage/static/phone*.js'],
    languageOptions: { ecmaVersion: 2019, sourceType: 'module', globals: browser },
    rules: { 'no-var': 'error', 'prefer-const': 'error', 'object-shorthand': 'error', 'no-duplicate-imports': 'error' },
  },
];
