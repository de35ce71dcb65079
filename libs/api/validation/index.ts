export { validateShape, type ShapeReport } from './shape.ts';
