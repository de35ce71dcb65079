import { methodNotAllowed, type Status } from '@drydock/base/apimachinery';
import type { HttpRequest, HttpResponse } from '@drydock/port/http';
import type { RequestContext, Registry, ResourceDefinition, UserInfo } from '../registry/index.ts';
import type { Form } from './accept.ts';
import { listAnswer, objectAnswer, valueAnswer, type TableContext } from './answer.ts';
import { listOptions, writeOptions, type Query } from './query.ts';
import { bodyKind, readBody, readDeleteOptions, readPatch } from './request-body.ts';
import type { ResourcePath } from './resource-path.ts';
import { warningHeaders } from './warning-headers.ts';

export interface WriteDeps {
  readonly registry: Registry;
  /** What a failure is answered with. */
  fail(request: HttpRequest, error: unknown): HttpResponse;
}

/** A request that changes objects, once it is known what it is about. */
export interface WriteRequest {
  readonly request: HttpRequest;
  readonly ref: ResourcePath['ref'];
  readonly query: Query;
  readonly user: UserInfo;
  readonly form: Form;
  readonly table: () => TableContext;
  readonly definition: ResourceDefinition;
}

/** Answers POST, PUT, PATCH and DELETE of resources. Warnings are told of requests that fail, too. */
export function createWrite({ registry, fail }: WriteDeps): (write: WriteRequest) => Promise<HttpResponse> {
  async function perform(
    { request, ref, query, user, form, table, definition }: WriteRequest,
    warnings: string[],
  ): Promise<HttpResponse> {
    const problems: string[] = [];
    const context: RequestContext = {
      user,
      userAgent: request.header('user-agent'),
      warn: (text) => warnings.push(text),
      decodingProblems: problems,
    };
    const kind = bodyKind(definition, ref.subresource);
    switch (request.method) {
      case 'POST': {
        const body = await readBody(request, kind, problems);
        const stored = await registry.create(ref, body, writeOptions(query, 'CreateOptions'), context);
        const { object } = stored;
        if (object.kind === 'Status') {
          const { code = 200 } = object as Status;
          return valueAnswer(code, object, form, warningHeaders(warnings));
        }
        return objectAnswer(201, stored, form, table, warningHeaders(warnings));
      }
      case 'PUT': {
        const wanted = await readBody(request, kind, problems);
        const { stored, created } = await registry.update(
          ref,
          wanted,
          writeOptions(query, 'UpdateOptions'),
          context,
        );
        return objectAnswer(created ? 201 : 200, stored, form, table, warningHeaders(warnings));
      }
      case 'PATCH': {
        const { patch, options: wanted } = await readPatch(request, query, definition, problems);
        const { stored, created } = await registry.patch(ref, patch, wanted, context);
        return objectAnswer(created ? 201 : 200, stored, form, table, warningHeaders(warnings));
      }
      case 'DELETE': {
        const wanted = await readDeleteOptions(request, query);
        if (ref.name === undefined) {
          const list = await registry.deleteCollection(ref, wanted, listOptions(query), context);
          return listAnswer(list, form, table);
        }
        const result = await registry.delete(ref, wanted, context);
        // Accepted is said to those alone who asked for the dependents to go too, in the older way.
        const accepted =
          result.status === undefined && result.pending === true && wanted.orphanDependents === false;
        return result.status === undefined
          ? objectAnswer(accepted ? 202 : 200, result.stored, form, table, warningHeaders(warnings))
          : valueAnswer(result.status.code ?? 200, result.status, form, warningHeaders(warnings));
      }
      default:
        throw methodNotAllowed();
    }
  }

  return async (write) => {
    const warnings: string[] = [];
    try {
      return await perform(write, warnings);
    } catch (error) {
      if (warnings.length === 0) throw error;
      const answer = fail(write.request, error);
      return { ...answer, headers: { ...answer.headers, ...warningHeaders(warnings) } };
    }
  };
}
