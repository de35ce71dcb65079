export { validateShape, type ShapeReport } from './shape.ts';
export { strictProblems } from './strict.ts';
