// Starts GraphiQL with the operations that the page carries. A new tab of the browser shows them; after a reload it
// finds what was open before. What GraphiQL keeps, its history among it, holds passwords and access tokens, so it is
// kept for as long as the tab is open and not in localStorage.
const read = (id) => JSON.parse(document.getElementById(id).textContent);
const tabs = read("tabs");

// GraphiQL takes the first tab's variables from here alone.
if (sessionStorage.getItem("graphiql:tabState") === null) {
  sessionStorage.setItem("graphiql:variables", tabs[0].variables);
}

const root = document.getElementById("explorer");
ReactDOM.createRoot(root).render(
  React.createElement(GraphiQL, {
    fetcher: GraphiQL.createFetcher({ url: root.dataset.api }),
    storage: sessionStorage,
    defaultTabs: tabs,
    defaultHeaders: read("headers"),
    defaultEditorToolsVisibility: "variables",
    shouldPersistHeaders: true,
    inputValueDeprecation: true,
  }),
);
