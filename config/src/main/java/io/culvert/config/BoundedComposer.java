package io.culvert.config;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.comments.CommentLine;
import org.snakeyaml.engine.v2.common.Anchor;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;
import org.snakeyaml.engine.v2.schema.CoreSchema;

/**
 * Turns the text of one document into nodes, within bounds: the engine bounds text and aliases, this class depth (the
 * engine recurses) and the number of nodes. Nodes know their lines. Owned by: the call of {@link #compose}.
 */
final class BoundedComposer extends Composer {
    /** Longest document, in code points. */
    static final int MAX_DOCUMENT = 16 << 20;
    /** Deepest nesting; Kubernetes' own types stay under 30, schemas in definitions of custom ones under 60. */
    static final int MAX_DEPTH = 100;
    /** Most aliases of mappings and lists in one document. */
    static final int MAX_ALIASES = 100;
    /** Most nodes of one document. */
    static final int MAX_NODES = 4_000_000;

    // The engine moves all unread text each time it fills its buffer: a long scalar in a small buffer takes minutes.
    private static final int BUFFER = 16 << 10;
    private static final LoadSettings SETTINGS = settings(BUFFER);

    private final int firstLine;
    private int depth;
    private int nodes;

    private BoundedComposer(DocumentSplitter.Chunk chunk, LoadSettings settings) {
        super(settings, new ParserImpl(settings, new StreamReader(settings, chunk.text())));
        this.firstLine = chunk.line();
    }

    private static LoadSettings settings(int buffer) {
        return LoadSettings.builder()
                .setSchema(new CoreSchema())
                .setCodePointLimit(MAX_DOCUMENT)
                .setMaxAliasesForCollections(MAX_ALIASES)
                // Reported by Fields, with path and line.
                .setAllowDuplicateKeys(true)
                .setBufferSize(buffer)
                .build();
    }

    /** A composed document and how many nodes it has, aliases not followed. */
    record Document(@Nullable Node root, int nodes) {}

    /**
     * Composes one document.
     *
     * @throws YamlFault when it is malformed or out of bounds
     */
    static Document compose(DocumentSplitter.Chunk chunk) {
        try {
            int length = chunk.text().length();
            BoundedComposer composer = new BoundedComposer(chunk, length < BUFFER ? SETTINGS : settings(length + 1));
            Node root = composer.getSingleNode().orElse(null);
            return new Document(root, composer.nodes);
        } catch (MarkedYamlEngineException e) {
            Optional<Mark> mark = e.getProblemMark().or(e::getContextMark);
            throw new YamlFault(chunk.line() + mark.map(Mark::getLine).orElse(0), describe(e, chunk.line()));
        } catch (YamlEngineException e) {
            String problem = String.valueOf(e.getMessage()).lines().findFirst().orElse("unreadable");
            throw new YamlFault(chunk.line(), "malformed YAML: " + problem);
        }
    }

    private static String describe(MarkedYamlEngineException e, int firstLine) {
        StringBuilder text = new StringBuilder("malformed YAML: ").append(e.getProblem());
        if (e.getContext() != null && !e.getContext().isEmpty()) {
            text.append(' ').append(e.getContext());
            e.getContextMark()
                    .ifPresent(m -> text.append(" that begins in line ").append(firstLine + m.getLine()));
        }
        return text.toString();
    }

    @Override
    protected Node composeScalarNode(Optional<Anchor> anchor, List<CommentLine> comments) {
        count();
        return super.composeScalarNode(anchor, comments);
    }

    @Override
    protected SequenceNode composeSequenceNode(Optional<Anchor> anchor) {
        enter();
        SequenceNode node = super.composeSequenceNode(anchor);
        depth--;
        return node;
    }

    @Override
    protected Node composeMappingNode(Optional<Anchor> anchor) {
        enter();
        Node node = super.composeMappingNode(anchor);
        depth--;
        return node;
    }

    private void enter() {
        count();
        if (++depth > MAX_DEPTH) {
            int line = parser.peekEvent().getStartMark().map(Mark::getLine).orElse(0);
            throw new YamlFault(firstLine + line, "nested more than " + MAX_DEPTH + " deep: no resource is; refused");
        }
    }

    private void count() {
        if (++nodes > MAX_NODES) {
            throw new YamlFault(firstLine, "more than " + MAX_NODES + " values in one document: split it");
        }
    }
}
