/** JSON schema of one type, as far as the protocol's declarations need it. */
export interface Schema {
  type?: string;
  const?: string;
  enum?: string[];
  anyOf?: Schema[];
  items?: Schema;
  $ref?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
}

interface Declared {
  readonly base?: string;
  readonly body: Schema;
}

/** Their fields are the debugger's own. */
const OPEN = new Set(['LaunchRequestArguments', 'AttachRequestArguments']);

/**
 * Definitions of every type in the declarations that come with the protocol, `debugProtocol.d.ts`, which are generated from its JSON
 * schema. Stricter than that: a field that the protocol has not is refused, and where it names values but allows others, the others.
 */
export function protocolSchema(declarations: string): Record<string, Schema> {
  const declared = new Reader(declarations).declarations();
  const flat: Record<string, Schema> = {};
  for (const name of declared.keys()) flat[name] = flattened(name, declared);
  // What is shown of an error is a text of the debugger's; two words of the protocol may stand in its place.
  for (const { properties } of Object.values(flat))
    if (properties?.['success']) properties['message'] = { type: 'string' };
  return flat;
}

/** With the fields of what it extends. */
function flattened(name: string, declared: ReadonlyMap<string, Declared>): Schema {
  const own = declared.get(name);
  if (!own) throw new Error(`${name} is not declared`);
  const { base, body } = own;
  if (body.properties === undefined) return body;
  const above = base === undefined ? {} : flattened(base, declared);
  return {
    type: 'object',
    properties: { ...above.properties, ...body.properties },
    required: [...new Set([...(above.required ?? []), ...(body.required ?? [])])],
    additionalProperties: OPEN.has(name),
  };
}

/** A reader of the few forms of TypeScript that the declarations are written in; throws at any other. */
class Reader {
  private readonly tokens: readonly string[];
  private at = 0;

  constructor(text: string) {
    // `// event: 'stopped';` narrows a field of the base, which the language could not say in the generator's days.
    const said = text
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/\/\/ *(type|command|event): ('\w+');?/g, '$1: $2;');
    this.tokens = said.replace(/\/\/.*$/gm, '').match(/'[^']*'|[\w$]+|[^\s\w]/g) ?? [];
  }

  declarations(): Map<string, Declared> {
    const all = new Map<string, Declared>();
    this.skipPast('{');
    while (this.peek !== '}') {
      const kind = this.next();
      const name = this.next();
      if (kind === 'interface') {
        const base = this.accept('extends') ? this.next() : undefined;
        all.set(name, { body: this.object(), ...(base === undefined ? {} : { base }) });
      } else if (kind === 'type') {
        this.expect('=');
        all.set(name, { body: this.union() });
        this.expect(';');
      } else throw new Error(`unexpected ${kind} ${name}`);
    }
    return all;
  }

  private object(): Schema {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    this.expect('{');
    while (!this.accept('}')) {
      if (this.accept('[')) {
        this.skipPast(']');
        this.expect(':');
        const additionalProperties = this.union();
        this.expect(';');
        this.expect('}');
        return { type: 'object', additionalProperties };
      }
      const name = this.next().replace(/^'|'$/g, '');
      if (!this.accept('?')) required.push(name);
      this.expect(':');
      properties[name] = this.union();
      this.expect(';');
    }
    return { type: 'object', properties, required, additionalProperties: false };
  }

  private union(): Schema {
    this.accept('|');
    const all = [this.array()];
    while (this.accept('|')) all.push(this.array());
    const words = all.flatMap((one) => one.const ?? []);
    if (words.length === 0) return all.length === 1 && all[0] ? all[0] : { anyOf: all };
    const rest = all.filter((one) => one.const === undefined && one.type !== 'string');
    const named: Schema = { type: 'string', enum: words };
    return rest.length === 0 ? named : { anyOf: [named, ...rest] };
  }

  private array(): Schema {
    let schema = this.single();
    while (this.accept('[')) {
      this.expect(']');
      schema = { type: 'array', items: schema };
    }
    return schema;
  }

  private single(): Schema {
    if (this.peek === '{') return this.object();
    if (this.accept('(')) {
      const inner = this.union();
      this.expect(')');
      return inner;
    }
    const word = this.next();
    if (word.startsWith("'")) return { type: 'string', const: word.slice(1, -1) };
    if (['string', 'number', 'boolean', 'null', 'object'].includes(word)) return { type: word };
    if (word === 'any') return {};
    if (!/^[A-Z]\w*$/.test(word)) throw new Error(`unexpected ${word}`);
    return { $ref: `#/definitions/${word}` };
  }

  private get peek(): string {
    return this.tokens[this.at] ?? '';
  }

  private next(): string {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new Error('the declarations end too early');
    return token;
  }

  private accept(token: string): boolean {
    if (this.peek !== token) return false;
    this.at += 1;
    return true;
  }

  private expect(token: string): void {
    const found = this.next();
    if (found !== token) throw new Error(`expected ${token}, found ${found} at token ${this.at}`);
  }

  private skipPast(token: string): void {
    while (this.next() !== token);
  }
}
