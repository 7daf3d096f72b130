// The API as /openapi.json describes it; FastAPI's own page would load its scripts from elsewhere.

const add = (parent, kind, text = '', name = '') => {
  const element = document.createElement(kind);
  element.textContent = text;
  if (name) element.className = name;
  parent.append(element);
  return element;
};
const open = await (await fetch('/openapi.json')).json();
const schema = part => part?.$ref ? open.components.schemas[part.$ref.split('/').pop()] : part;

function typeOf(part) {
  if (part.anyOf) return part.anyOf.map(typeOf).join(' or ');
  if (part.$ref) return 'object';
  if (part.type === 'array') return part.items ? `list of ${typeOf(part.items)}` : 'list';
  return part.type ?? 'any';
}

// The fields of an object, those of the objects that it lists among them.
function fields(list, part, indent = '') {
  for (const [name, field] of Object.entries(schema(part)?.properties ?? {})) {
    const item = add(list, 'div');
    add(add(item, 'dt'), 'code', indent + name);
    add(item, 'dd', [typeOf(field), field.description].filter(Boolean).join(': '));
    if (field.items?.$ref) fields(list, field.items, indent + name + '[].');
  }
}

function example(path, verb, body) {
  const json = body?.content?.['application/json'];
  if (json) return `curl ${location.origin}${path} -H 'content-type: application/json' -d '{"texts": ["What a film!"]}'`;
  return body ? `curl ${location.origin}${path} --data-binary @reviews.csv` : `curl ${location.origin}${path}`;
}

for (const [path, verbs] of Object.entries(open.paths)) {
  for (const [verb, call] of Object.entries(verbs)) {
    const section = add(document.getElementById('calls'), 'section');
    const title = add(section, 'h2');
    add(title, 'span', verb.toUpperCase(), 'verb');
    add(title, 'code', path);
    add(section, 'p', call.description);
    const code = add(section, 'pre', example(path, verb, call.requestBody));
    code.tabIndex = 0;
    const answer = schema(call.responses['200']?.content?.['application/json']?.schema);
    if (answer?.properties) {
      add(section, 'h3', 'Answer');
      fields(add(section, 'dl', '', 'listed'), answer);
    }
    const refusals = Object.entries(call.responses).filter(([status]) => status !== '200');
    if (refusals.length) {
      add(section, 'h3', 'Refusals');
      add(section, 'p', refusals.map(([status, {description}]) => `${status}: ${description}`).join('; '));
    }
  }
}
