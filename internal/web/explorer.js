// Starts GraphiQL with the operations that the page carries. A first visit shows them; later ones find what was open
// before. Headers stay out of the browser's storage, since they hold access tokens, and come back as the page gives them.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const tabs = read("tabs");

// GraphiQL takes the first tab's variables from here alone.
if (localStorage.getItem("graphiql:tabState") === null) {
  localStorage.setItem("graphiql:variables", tabs[0].variables);
}

ReactDOM.createRoot(document.getElementById("explorer")).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: "/graphql" }),
    defaultTabs: tabs,
    defaultHeaders: read("headers"),
    defaultEditorToolsVisibility: "variables",
    shouldPersistHeaders: false,
    inputValueDeprecation: true,
  }),
);
