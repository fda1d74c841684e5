// The OpenAPI document of the admin API, made from the table of routes.

import { toJsonSchema } from '@valibot/to-json-schema'
import type * as v from 'valibot'
import { routes } from './routes.ts'
import type { Route } from './routes.ts'
import { errorSchema } from './schemas.ts'

/** Routes that answer no JSON, and stand beside the table. */
const otherRoutes = {
  '/v1/events': {
    get: {
      summary: 'Admissions, refusals and ends of sessions as they happen, as server-sent events',
      responses: {
        200: {
          description: 'event: NAME, data: one JSON object; `lost` says how many you missed',
          content: { 'text/event-stream': { schema: { type: 'string' } } },
        },
      },
    },
  },
  '/v1/openapi.json': {
    get: {
      summary: 'This document',
      responses: {
        200: { description: 'OK', content: { 'application/json': { schema: { type: 'object' } } } },
      },
    },
  },
  '/metrics': {
    get: {
      summary: 'Metrics, as Prometheus reads them',
      responses: {
        200: { description: 'OK', content: { 'text/plain': { schema: { type: 'string' } } } },
      },
    },
  },
} as const

export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    const path = route.path.replace(/:([a-z]+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method]: operationOf(route) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Postern admin API',
      version,
      description:
        'What is full, who fills it, who was turned away and why; and ways to change it.',
    },
    paths: { ...paths, ...otherRoutes },
    components: {
      schemas: { Error: schemaOf(errorSchema, 'output') },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  }
}

function operationOf(route: Route): object {
  const { summary, answer, body, method } = route
  return {
    summary,
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(body === undefined
      ? {}
      : { requestBody: { content: { 'application/json': { schema: schemaOf(body, 'input') } } } }),
    ...(method === 'get' ? {} : { security: [{ token: [] }] }),
    responses: {
      200: {
        description: 'OK',
        content: { 'application/json': { schema: schemaOf(answer, 'output') } },
      },
      default: {
        description: 'What was wrong',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    },
  }
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, object>>
  readonly required?: readonly string[]
}

function parametersOf(schema: v.GenericSchema | undefined, place: 'path' | 'query'): object[] {
  if (schema === undefined) return []
  // Checked by the routes: queries and parameters are objects.
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as ObjectSchema
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: property,
  }))
}

function schemaOf(schema: v.GenericSchema, typeMode: 'input' | 'output'): object {
  const made = toJsonSchema(schema, {
    typeMode,
    // What a text is checked for beyond its type is said by the message of the refusal.
    errorMode: 'ignore',
    ignoreActions: ['check', 'transform', 'readonly'],
  })
  const { $schema: _, ...rest } = made
  return rest
}
