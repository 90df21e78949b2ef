import LogCommands

/// A page with the plots of one or more runs: one file, which needs no network.
///
/// The points lie in it as the JSON that `rlog bench` printed, and a script of the page draws them
/// (ReportPage+Script.swift).
enum ReportPage {
    /// The page of some runs, each with the name that its legend shows.
    static func html(_ runs: [(name: String, points: [JSON])]) -> String {
        let data = JSON.array(
            runs.map { run in
                .object([("name", .string(run.name)), ("points", .array(run.points))])
            }
        )
        // Nothing in a string may end the script that holds it.
        let safe = data.text.replacing("<", with: "\\u003c")
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>rlog bench</title>
            <style>\(style)</style>
            </head>
            <body>
            <main id="page"><h1>rlog bench</h1></main>
            <script type="application/json" id="data">\(safe)</script>
            <script>\(script)</script>
            </body>
            </html>

            """
    }
}
