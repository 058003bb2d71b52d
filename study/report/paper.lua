-- Number figures and equations, resolve references to them, and fail on whatever leads nowhere.
--
-- [Figure](figures/NAME.svg)            becomes "Figure 1", a link to the figure
-- [$$ ... $$]{#eq-name}, a paragraph    becomes a numbered equation
-- [Equation](#eq-name)                  becomes "Equation 1", a link to it
-- [0.5](experiments/results/NAME.json "key:.1f")   becomes a link to the key on the page of the result's numbers

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
    if typst then return link.content end -- a PDF is read anywhere: a file's name is all that it can say
    local result = link.target:match("^experiments/results/([%w_]+)%.json$")
    if result then
      link.target = "numbers/" .. result .. ".html#" .. link.title:gsub(":.*", "")
      return link
    end
    link.target = "../" .. link.target -- the paper is read in build/
    return link
  end
end

-- Lines break neither between mathematics and its punctuation nor after a relation whose other side is a link.
local function is_relation(inline)
  return inline and inline.t == "Math" and (inline.text:match("[=<>]%s*$") or inline.text:match("\\[gl]e%s*$"))
end

local function is_attached(before, inline)
  if not before then return false end
  return before.t == "Math" and inline.t == "Str" and inline.text:match("^%p")
    or before.t == "Str" and before.text:match("%($") and inline.t == "Math"
end

local function kept_together(inlines)
  local groups, join = {}, false
  for k, inline in ipairs(inlines) do
    local before = inlines[k - 1]
    if is_relation(before) and (inline.t == "Space" or inline.t == "SoftBreak") then
      join = true -- in MathML the relation brings its own space
      if typst then table.insert(groups, {pandoc.Str("\u{a0}")}) end
    elseif join or is_attached(before, inline) then
      table.insert(groups[#groups], inline)
      join = false
    else
      table.insert(groups, {inline})
    end
  end
  local kept = pandoc.Inlines({})
  for _, group in ipairs(groups) do
    if #group == 1 or typst then kept:extend(group) else kept:insert(pandoc.Span(group, {class = "kept"})) end
  end
  return kept
end

-- In MathML a function's name stands close to its neighbours: TeX's thin spaces, written out.
local NAMES = {cos = true, exp = true, liminf = true, ln = true, log = true, max = true, min = true}
local SPACED = {["\\cdot"] = true, ["\\ge"] = true, ["\\in"] = true, ["\\le"] = true, ["\\left"] = true, ["\\right"] = true,
  ["\\to"] = true, ["\\quad"] = true, ["\\qquad"] = true}

local function with_thin_spaces(tex)
  local function after(name_and_limits, name, argument)
    if NAMES[name] and not SPACED[argument] then return name_and_limits .. "\\, " .. argument end
  end
  local function before(factor, name)
    if NAMES[name] and not SPACED[factor] then return factor .. "\\, \\" .. name end
  end
  for _, limits in ipairs({"", "_%w", "_%b{}"}) do
    tex = tex:gsub("(\\(%a+)" .. limits .. ")%s+(\\?%w+)", after)
  end
  return (tex:gsub("(\\?%w*[%w})])%s+\\(%a+)", before))
end

-- What may be wider than a screen scrolls in a box of its own.
local function boxed_equation(math)
  if typst then return nil end
  math.text = with_thin_spaces(math.text):gsub("\\square", "\\Box")
  if math.mathtype == "DisplayMath" then return pandoc.Span({math}, {class = "display"}) end
  return math
end

local function boxed_table(block)
  if not typst then return pandoc.Div({block}, {class = "table"}) end
end

return {
  {Header = collect, Div = collect, Span = collect, Table = collect},
  {Para = numbered_equation, Figure = numbered_figure},
  {Link = resolved, Inlines = kept_together},
  {Math = boxed_equation, Table = boxed_table},
}
