// Starts GraphiQL with the operations that the page carries. They show up on a first visit; later ones find what was
// open before. Headers stay out of the browser's storage: they hold access tokens.
const read = (id) => JSON.parse(document.getElementById(id).textContent);

ReactDOM.createRoot(document.getElementById("explorer")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    defaultTabs: read("tabs"),
    defaultHeaders: read("headers"),
    defaultEditorToolsVisibility: true,
    isHeadersEditorEnabled: true,
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
  }),
);
