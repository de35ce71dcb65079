export { compileGoRegexp, GoRegexpSyntaxError, type GoRegexp } from './go-regexp.ts';
