-- Number figures and equations, resolve references to them, and fail on whatever leads nowhere.
--
-- [Figure](figures/NAME.svg)            becomes "Figure 1", a link to the figure
-- [$$ ... $$]{#eq-name}, a paragraph    becomes a numbered equation
-- [Equation](#eq-name)                  becomes "Equation 1", a link to it

local figures, equations, anchors = {}, {}, {}
local n_figures, n_equations = 0, 0
local typst = FORMAT == "typst"

local function display_math(paragraph)
  local span = #paragraph.content == 1 and paragraph.content[1]
  if span and span.t == "Span" and span.identifier:match("^eq%-") and span.content[1].t == "Math" then
    return span
  end
end

local function collect(block)
  if block.identifier and block.identifier ~= "" then
    anchors[block.identifier] = true
  end
end

local function numbered_equation(paragraph)
  local span = display_math(paragraph)
  if not span then return nil end
  n_equations = n_equations + 1
  equations[span.identifier] = n_equations
  anchors[span.identifier] = true
  if typst then
    local math = pandoc.write(pandoc.Pandoc({pandoc.Para({span.content[1]})}), "typst")
    local source = "#math.equation(block: true, numbering: \"(1)\", %s) <%s>"
    return pandoc.RawBlock("typst", source:format(math:gsub("%s+$", ""), span.identifier))
  end
  local number = pandoc.Span({pandoc.Str("(" .. n_equations .. ")")}, {class = "number"})
  return pandoc.Div({pandoc.Plain({span.content[1], number})}, {id = span.identifier, class = "equation"})
end

local function numbered_figure(figure)
  n_figures = n_figures + 1
  local source
  figure.content:walk({Image = function(image) source = image.src end})
  if figure.identifier == "" then
    figure.identifier = "fig-" .. pandoc.path.filename(source):gsub("%.%w+$", "")
  end
  figures[source] = {number = n_figures, identifier = figure.identifier}
  anchors[figure.identifier] = true
  if not typst then
    local label = pandoc.Strong({pandoc.Str("Figure " .. n_figures .. ".")})
    table.insert(figure.caption.long[1].content, 1, label)
    table.insert(figure.caption.long[1].content, 2, pandoc.Space())
  end
  return figure
end

local function resolved(link)
  local text = pandoc.utils.stringify(link)
  if link.target:match("^figures/.*%.svg$") then
    local figure = figures[link.target] or error("unresolved reference: " .. link.target .. " is not a figure of the paper")
    return pandoc.Link(text .. "\u{a0}" .. figure.number, "#" .. figure.identifier)
  elseif link.target:match("^#") then
    local identifier = link.target:sub(2)
    if not anchors[identifier] then error("unresolved reference: nothing is called " .. link.target) end
    if equations[identifier] then
      return pandoc.Link(text .. "\u{a0}" .. equations[identifier], link.target)
    end
  elseif not link.target:match("^%a+:") then
    link.target = "../" .. link.target -- the paper is read in build/
    return link
  end
end

return {
  {Header = collect, Div = collect, Span = collect, Table = collect},
  {Para = numbered_equation, Figure = numbered_figure},
  {Link = resolved},
}
